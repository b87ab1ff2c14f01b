//! Whole transcripts, as the user sees them (Heroku: "Git push", transcripts).

use crate::bench::{Bench, app, buildpack, config, folder};

macro_rules! assert_transcript {
    ($name:literal, $done:expr) => {
        insta::with_settings!({ filters => vec![
            (r"Done: [\d.]+[BKMG]", "Done: [SIZE]"),
            (r"(added \d+ packages?|up to date) in [\d.]+m?s", "$1 in [TIME]"),
            (r"(node|npm version:|npm|Python) \d+\.\d+\.\d+", "$1 [VERSION]"),
        ], omit_expression => true }, {
            insta::assert_snapshot!($name, $done.transcript());
        });
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn success() {
    let bench = Bench::new().await;
    let done = bench.build(folder("examples/node-express")).await;
    done.built();
    assert_transcript!("success", done);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_buildpack_fits() {
    let bench = Bench::new().await;
    let done = bench.build(app(&[("README.md", "hello")])).await;
    done.rejected();
    assert_transcript!("no_buildpack_fits", done);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_buildpacks_fit() {
    let bench = Bench::new().await;
    let done = bench.build(app(&[("package.json", "{"), ("requirements.txt", "")])).await;
    done.rejected();
    assert_transcript!("several_buildpacks_fit", done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buildpack_that_was_set_does_not_fit() {
    let bench = Bench::new().await;
    let mut request = bench.request(app(&[("package.json", "{}")])).await;
    request.buildpacks = vec![buildpack("heroku/python")];
    let done = bench.run(&request).await;
    done.rejected();
    assert_transcript!("a_buildpack_that_was_set_does_not_fit", done);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_buildpacks_run_one_after_the_other() {
    let bench = Bench::new().await;
    let hook = "#!/usr/bin/env bash\nnode --version | sed 's/[0-9.]*$/[VERSION]/'\n";
    let files = [
        ("package.json", r#"{"engines":{"node":"22.x"}}"#),
        ("requirements.txt", ""),
        (".python-version", "3.13"),
        ("bin/pre_compile*", hook),
    ];
    let mut request = bench.request(app(&files)).await;
    request.buildpacks = vec![buildpack("heroku/nodejs"), buildpack("heroku/python")];
    let done = bench.run(&request).await;
    assert_eq!(done.built().buildpacks, request.buildpacks);
    assert!(done.built().process_types.is_empty(), "default process types are the last buildpack's");
    assert_transcript!("two_buildpacks_run_one_after_the_other", done);
}

#[tokio::test(flavor = "multi_thread")]
async fn buildpack_url_names_one_that_is_not_there() {
    let bench = Bench::new().await;
    let mut request = bench.request(app(&[("package.json", "{}")])).await;
    request.config = config(&[("BUILDPACK_URL", "http://me:secret@127.0.0.1:9/buildpack.git#main")]);
    let done = bench.run(&request).await;
    assert!(!done.rejected().contains("secret"));
    assert_transcript!("buildpack_url_names_one_that_is_not_there", done);
}

#[tokio::test(flavor = "multi_thread")]
async fn buildpack_url_is_no_url() {
    let bench = Bench::new().await;
    let mut request = bench.request(app(&[("package.json", "{}")])).await;
    request.config = config(&[("BUILDPACK_URL", "file:///etc")]);
    let done = bench.run(&request).await;
    done.rejected();
    assert_transcript!("buildpack_url_is_no_url", done);
}
