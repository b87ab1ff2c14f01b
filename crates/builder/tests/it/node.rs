use paas_builder::BuildRequest;
use paas_model::ProcessType;
use uuid::Uuid;

use crate::bench::{Bench, app, config, folder};

/// Matrix: Node.js | npm | Express with a lock file, Node 22; the page and a second path
#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_express_app_is_built_and_answers() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("examples/node-express")).await;
    let built = done.built();
    assert_eq!(built.buildpack_description.as_deref(), Some("Node.js"));
    assert_eq!(built.process_types[&ProcessType::web()], "node server.js");
    assert!(bench.get(built, "/").await.contains("It runs."));
    assert_eq!(bench.get(built, "/healthz").await, r#"{"ok":true}"#);
}

/// Matrix: Node.js | npm | a second build, with the cache of the first
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_code_alone_uses_what_the_last_build_installed() {
    let bench = Bench::new().await;
    let mut request = bench.request(folder("examples/node-express")).await;
    let first = bench.run(&request).await;
    request.cache_digest.clone_from(&first.built().cache_digest);
    request.build_id = Uuid::now_v7().into();
    request.buildpacks.clone_from(&first.built().buildpacks);
    let second = bench.run(&request).await;
    assert!(second.has_line("       Using node_modules of the last build: package-lock.json has not changed"));
    assert_eq!(second.built().cache_digest, request.cache_digest, "a cache that did not change is not stored again");
    eprintln!("first {:?}\nsecond {:?}", first.stages, second.stages);
}

/// Matrix: Node.js | npm | `build` with devDependencies, pruning, `heroku-cleanup`, config vars, `WEB_CONCURRENCY`
#[tokio::test(flavor = "multi_thread")]
async fn npm_builds_with_dev_dependencies_and_ships_without() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(folder("buildpacks/nodejs/test/npm-lock")).await;
    request.config = config(&[("GREETING", "from a config var\nof two lines")]);
    let done = bench.run(&request).await;
    assert_eq!(done.built().process_types[&ProcessType::web()], "npm start");
    assert!(bench.get(done.built(), "/").await.contains("hello"));
    let out = bench.output(done.built(), "ls node_modules; cat built.txt; echo; echo $WEB_CONCURRENCY").await;
    assert_eq!(out, "ms\nfrom a config var\nof two lines\n1\n");
}

/// Matrix: Node.js | npm | pruning without npm, unless a script of the app's has changed what is installed
#[tokio::test(flavor = "multi_thread")]
async fn packages_are_pruned_as_by_the_last_build_unless_a_script_has_added_some() {
    const LOCK: &str = include_str!("../../../../buildpacks/nodejs/test/npm-lock/package-lock.json");
    // Indented as the lock file is: npm would write that anew.
    const PACKAGE: &str = r#"{
  "name": "npm-lock",
  "private": true,
  "engines": { "node": "22.x" },
  "scripts": {
    "build": "node -e \"process.env.EXTRA && require('fs').mkdirSync('node_modules/extra')\"",
    "start": "node --version"
  },
  "dependencies": { "ms": "2.1.3" },
  "devDependencies": { "is-odd": "3.0.1" }
}
"#;
    const KNOWN: &str = "       Removing what the last build removed";
    let mut bench = Bench::new().await;
    let mut request = bench.request(app(&[("package.json", PACKAGE), ("package-lock.json", LOCK)])).await;
    let first = bench.run(&request).await;
    request.cache_digest.clone_from(&first.built().cache_digest);
    request.build_id = Uuid::now_v7().into();
    let second = bench.run(&request).await;
    assert!(!first.has_line(KNOWN) && second.has_line(KNOWN), "{}", second.transcript());
    assert_eq!(second.built().layers, first.built().layers);

    request.config = config(&[("EXTRA", "1")]);
    request.build_id = Uuid::now_v7().into();
    let third = bench.run(&request).await;
    assert!(!third.has_line(KNOWN), "{}", third.transcript());
    assert_eq!(bench.output(third.built(), "ls node_modules").await, "ms\n");
}

/// Matrix: Node.js | npm | Express in TypeScript: `tsc` in the build, 500 packages
#[tokio::test(flavor = "multi_thread")]
async fn an_app_in_typescript_is_compiled_by_its_build_script() {
    let mut bench = Bench::new().await;
    let request = bench.request(folder("examples/node-typescript")).await;
    let done = bench.run(&request).await;
    assert!(bench.get(done.built(), "/").await.starts_with(r#"{"ok":true,"boot":""#));
    let out = bench.output(done.built(), "ls node_modules | grep -x -e express -e typescript").await;
    assert_eq!(
        out,
        "express
",
        "what only the build needs is gone"
    );

    let built = done.built();
    let (cache_digest, layers) = (built.cache_digest.clone(), built.layers.clone());
    let again = bench.run(&BuildRequest { build_id: Uuid::now_v7().into(), cache_digest, layers, ..request }).await;
    let stages: Vec<&str> = again.stages.iter().map(|(name, _)| *name).collect();
    assert!(!stages.contains(&"pack") && !stages.contains(&"cache"), "the same cache is not stored again: {stages:?}");
    assert!(again.has_line("       Removing what the last build removed"));
    assert_eq!(again.built().layers, built.layers);
}

/// Matrix: Node.js | Yarn 1 | lock file, Node 20
#[tokio::test(flavor = "multi_thread")]
async fn yarn_builds_by_its_lock_file() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/nodejs/test/yarn")).await;
    let answer = bench.get(done.built(), "/").await;
    assert!(answer.contains("hello") && answer.contains(r#""node":"20."#), "{answer}");
}

/// Matrix: Node.js | pnpm 10 | `packageManager`, lock file, pruning
#[tokio::test(flavor = "multi_thread")]
async fn pnpm_builds_by_its_lock_file() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(folder("buildpacks/nodejs/test/pnpm")).await;
    let mut files = Vec::new();
    for prunes_as_before in [false, true] {
        let done = bench.run(&request).await;
        assert!(bench.get(done.built(), "/").await.contains("hello"));
        assert_eq!(bench.output(done.built(), "ls node_modules").await, "ms\n");
        assert_eq!(done.has_line("       Removing what the last build removed"), prunes_as_before);
        files.push(bench.output(done.built(), "find node_modules | sort").await);
        request.cache_digest.clone_from(&done.built().cache_digest);
        request.build_id = Uuid::now_v7().into();
    }
    assert_eq!(files[0], files[1]);
}

/// Matrix: Node.js | npm | no lock file, no version: Node 24
#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_names_no_version_and_has_no_lock_gets_the_defaults() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/nodejs/test/no-lock")).await;
    assert!(bench.get(done.built(), "/").await.contains(r#""node":"24."#));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_package_json_are_explained() {
    let bench = Bench::new().await;
    for (files, text) in [
        (&[("package.json", "{")][..], "Unable to parse package.json"),
        (&[("package.json", "[]")], "package.json is not an object"),
        (&[("package.json", r#"{"engines":{"node":"99.x"}}"#)], "Could not find a Node.js version"),
        (&[("package.json", r#"{"engines":{"node":"$(touch /tmp/x); `id`"}}"#)], "Could not find a Node.js version"),
        (&[("package.json", "{}"), ("yarn.lock", ""), ("package-lock.json", "{}")], "Several lock files found"),
    ] {
        let told = bench.build(app(files)).await.rejected();
        assert!(told.contains(text), "{told}");
        assert!(told.contains(" !     Push rejected, failed to compile Node.js app.\n\n !     Push failed"), "{told}");
    }
}
