use paas_builder::BuildRequest;
use paas_model::{BuildId, ProcessType};
use uuid::Uuid;

use crate::bench::{Bench, app, folder, nowhere};

const LOCK: &str = "GEM\n  specs:\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n\nBUNDLED WITH\n   2.6.7\n";

/// Matrix: Ruby | Bundler | Rack with vendored gems, one in C; assets; a second build with the cache
#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_rack_app_with_an_extension_in_c_is_built_and_answers() {
    let mut bench = Bench::new().await;
    let request = bench.request(folder("buildpacks/ruby/test/rack")).await;
    let done = bench.run(&request).await;
    for line in [
        "-----> Ruby app detected",
        "       Installing triple 1.0.0 with native extensions",
        "-----> Preparing app for Rails asset pipeline",
        "       Default types for buildpack -> console, rake, web",
    ] {
        assert!(done.has_line(line), "{line}\n{}", done.transcript());
    }
    assert_eq!(done.built().process_types[&ProcessType::web()], "bundle exec rackup config.ru -p ${PORT:-5000}");
    let answer = "Three times fourteen is 42; production; assets: compiled in production";
    assert_eq!(bench.get(done.built(), "/").await, answer);

    let (build_id, cache_digest) = (BuildId::from(Uuid::now_v7()), done.built().cache_digest.clone());
    let again = bench.run(&BuildRequest { build_id, cache_digest, ..request }).await;
    assert!(!again.transcript().contains("Installing triple"), "{}", again.transcript());
    assert_eq!(bench.get(again.built(), "/").await, answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_patch_in_the_lock_file_is_answered_with_the_stacks_own() {
    let mut bench = Bench::new().await;
    bench.config.mirrors.ruby = Some(nowhere());
    let lock = LOCK.replace("BUNDLED", "RUBY VERSION\n   ruby 3.3.1p55\n\nBUNDLED");
    let done = bench.build(app(&[("Gemfile", ""), ("Gemfile.lock", &lock)])).await;
    done.built();
    let warning = ", which is used instead of 3.3.1: it has the same interface.";
    assert!(done.transcript().contains(warning), "{}", done.transcript());
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_explained() {
    let mut bench = Bench::new().await;
    bench.config.mirrors.ruby = Some(nowhere());
    for (gemfile, complaint) in [
        ("ruby '2.7.8'\n", "Error: Ruby 2.7.8, which Gemfile asks for, could not be had."),
        ("ruby \"3.3.1\"\n", "    ruby \"~> 3.3.0\""),
        ("ruby '~> 3.2.0', engine: 'ruby'\n", "Error: The Gemfile asks for Ruby ~> 3.2.0, and the stack has 3.3."),
    ] {
        let rejected = bench.build(app(&[("Gemfile", gemfile), ("Gemfile.lock", LOCK)])).await.rejected();
        assert!(rejected.contains(complaint), "{complaint}\n{rejected}");
    }
    let rejected = bench.build(app(&[("Gemfile", "")])).await.rejected();
    assert!(rejected.contains("Gemfile.lock required. Please check it in."), "{rejected}");
}
