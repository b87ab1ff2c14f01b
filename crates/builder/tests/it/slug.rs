//! What becomes of a build.

use std::process::Command;

use futures::TryStreamExt;
use paas_builder::BuildRequest;
use paas_model::BuildId;
use uuid::Uuid;

use crate::bench::{Bench, app, app_that_runs, config, folder};

#[tokio::test]
async fn the_value_of_a_config_var_is_masked_in_the_output_and_warned_of_in_the_slug() {
    let bench = Bench::new().await;
    let script =
        "echo \"the key is $API_KEY, the mode $NODE_ENV\"\necho \"KEY=$API_KEY\" >.env\necho \"$NODE_ENV\" >mode";
    let mut request = bench.request(app_that_runs(script)).await;
    request.config = config(&[("API_KEY", "sk_0123456789abcdef"), ("NODE_ENV", "production")]);
    let done = bench.run(&request).await;
    done.built();
    assert!(done.transcript().contains("the key is [API_KEY], the mode production"), "{}", done.transcript());
    assert!(!done.transcript().contains("sk_0123"), "{}", done.transcript());
    let warnings: Vec<_> = done.lines.iter().filter(|line| line.contains("holds the value")).collect();
    let warning = " !     Warning: .env holds the value of the config var API_KEY, for everybody who gets the slug.";
    assert_eq!(warnings, [warning]);
}

#[tokio::test]
async fn the_same_build_makes_the_same_slug_another_time() {
    let bench = Bench::new().await;
    for fixture in ["python/test/pip-flask", "python/test/uv", "nodejs/test/npm-lock", "static/test/site"] {
        let first = bench.request(folder(&format!("buildpacks/{fixture}"))).await;
        let again = BuildRequest { build_id: BuildId::from(Uuid::now_v7()), ..first.clone() };
        let (first, again) = (bench.run(&first).await, bench.run(&again).await);
        assert_eq!(first.built().layers, again.built().layers, "{fixture}");
    }
}

/// Hosts take their time to write a file, however small it is.
#[tokio::test]
async fn many_files_are_a_layer_of_their_own_unless_they_were_pushed() {
    let mut bench = Bench::new().await;
    let script = "#!/usr/bin/env bash
        mkdir made few
        for to in made pushed; do seq 300 | split -l 1 -a 3 - $to/; done
        seq 299 | split -l 1 -a 3 - few/\n";
    let done = bench.build(app(&[("requirements.txt", ""), ("pushed/file", ""), ("bin/pre_compile*", script)])).await;
    assert_eq!(done.built().layers.len(), ["Python", "made", "all else"].len(), "{:?}", done.built().layers);
    assert_eq!(bench.output(done.built(), "cat made/* few/* pushed/* | wc -l").await, "899\n");
}

/// What a push of changed code costs is its code, whatever the app depends on.
#[tokio::test]
async fn what_an_app_depends_on_is_a_layer_that_is_made_once() {
    let mut bench = Bench::new().await;
    let source = |code: &str, dependency: &str| {
        app_that_runs(&format!(
            "mkdir -p deps/lib small; seq 1 800000 >deps/lib/numbers; echo {dependency} >deps/lib/name; echo $API_KEY >deps/key
             ln deps/lib/name small/name; echo {code} >code
             printf 'web: cat code deps/lib/name small/name\\n' >Procfile"
        ))
    };
    let mut request = bench.request(source("one", "left-pad")).await;
    request.config = config(&[("API_KEY", "sk_0123456789abcdef")]);
    let first = bench.run(&request).await;
    // The first of them is Python's.
    let [python, below, code] = &first.built().layers[..] else { panic!("{:?}", first.built().layers) };
    assert!(below.size > 10 * code.size, "{below:?} {code:?}");
    assert_eq!(bench.output(first.built(), "cat code deps/lib/name small/name").await, "one\nleft-pad\nleft-pad\n");

    let next = |source_digest: String| BuildRequest {
        build_id: BuildId::from(Uuid::now_v7()),
        source_digest,
        layers: first.built().layers.clone(),
        ..request.clone()
    };
    let changed = bench.run(&next(bench.upload(source("two", "left-pad")).await)).await;
    assert_eq!(changed.built().layers[..2], [python.clone(), below.clone()]);
    assert_ne!(changed.built().layers[2].digest, code.digest);
    assert_eq!(bench.output(changed.built(), "cat code deps/lib/name small/name").await, "two\nleft-pad\nleft-pad\n");
    let warning =
        " !     Warning: deps/key holds the value of the config var API_KEY, for everybody who gets the slug.";
    assert!(changed.has_line(warning), "{}", changed.transcript());

    let upgraded = bench.run(&next(bench.upload(source("two", "is-odd")).await)).await;
    assert_eq!(upgraded.built().layers[0], *python);
    assert_ne!(upgraded.built().layers[1].content, below.content);
    assert_eq!(bench.output(upgraded.built(), "cat code deps/lib/name small/name").await, "two\nis-odd\nis-odd\n");

    // One after the other, they are one archive.
    let mut archive = Vec::new();
    for layer in &changed.built().layers {
        let (_, blob) = bench.registry.get_blob(&format!("apps/{}", request.app_id), &layer.digest).await.unwrap();
        archive.extend(blob.try_fold(Vec::new(), async |all, piece| Ok([all, piece.to_vec()].concat())).await.unwrap());
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &archive).unwrap();
    let tar = Command::new("tar").args(["-tzf"]).arg(file.path()).output().unwrap();
    let listed = String::from_utf8(tar.stdout).unwrap();
    assert!(tar.status.success() && tar.stderr.is_empty(), "{}", String::from_utf8_lossy(&tar.stderr));
    for path in ["app/deps/lib/numbers", "app/code", "app/small/name"] {
        assert!(listed.lines().any(|line| line == path), "{path} is not in\n{listed}");
    }
}

/// That the layer is used again without being read shows in that its content is not what the slug's row says.
#[tokio::test]
async fn a_directory_that_is_as_it_was_is_not_read_again() {
    let bench = Bench::new().await;
    let script = |name: &str, mode: &str| {
        app_that_runs(&format!(
            "mkdir deps; seq 1 800000 >deps/numbers; echo x >deps/{name}; chmod {mode} deps/{name}; ln -s numbers deps/link
             echo $RANDOM >code"
        ))
    };
    let mut request = bench.request(script("one", "644")).await;
    let first = bench.run(&request).await;
    request.layers.clone_from(&first.built().layers);
    for layer in &mut request.layers {
        layer.content = "nobody's".to_owned();
    }
    let mut next = async |source, change: fn(&mut BuildRequest)| {
        request.source_digest = bench.upload(source).await;
        request.build_id = BuildId::from(Uuid::now_v7());
        let mut request = request.clone();
        change(&mut request);
        let layers = bench.run(&request).await.built().layers.clone();
        layers.into_iter().map(|layer| layer.content).collect::<Vec<_>>()
    };
    let contents = first.built().layers.iter().map(|layer| layer.content.clone()).collect::<Vec<_>>();

    let again = next(script("one", "644"), |_| ()).await;
    assert_eq!(again[..2], ["nobody's", "nobody's"]);
    assert_ne!(again[2], contents[2], "it is another one in each build");
    for (name, mode) in [("two", "644"), ("one", "755")] {
        let changed = next(script(name, mode), |_| ()).await;
        assert_eq!(changed[0], "nobody's", "Python is as it was");
        assert_ne!(changed[1], contents[1]);
        assert_ne!(changed[1], "nobody's");
    }
    let with_other_vars = next(script("one", "644"), |request| request.config_id = Uuid::now_v7().into()).await;
    assert_eq!(with_other_vars[..2], contents[..2], "their values are looked for");
    let lost = next(script("one", "644"), |request| {
        request.layers[1].digest = format!("sha256:{}", "0".repeat(64));
    });
    assert_eq!(lost.await[1], contents[1], "the registry lost it");
}

/// Whatever state it leaves them in, and whatever they are called.
#[tokio::test]
async fn no_directory_of_a_build_is_lost_on_the_way_to_its_layer() {
    let mut bench = Bench::new().await;
    let script = "for name in ... 'with blank' read-only plain dark; do mkdir -p \"$name\"; seq 1 800000 >\"$name/numbers\"; done
         mkdir plain/dark && chmod 000 dark plain/dark && chmod 555 read-only";
    let done = bench.build(app_that_runs(script)).await;
    let out = bench.output(done.built(), "chmod 700 dark; cat */numbers .../numbers | grep -cx 800000").await;
    assert_eq!(out, "5\n", "{}", done.transcript());
    assert!(!done.transcript().contains("Permission denied"), "{}", done.transcript());
}
