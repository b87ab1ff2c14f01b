use paas_builder::BuildRequest;
use paas_model::{BuildId, ProcessType};
use uuid::Uuid;

use crate::bench::{Bench, app, body, config, folder, nowhere};

/// Matrix: Go | modules | vendored packages; a second build with the cache
#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_app_with_vendored_packages_is_built_and_answers() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(folder("buildpacks/go/test/vendored")).await;
    request.config = config(&[("GO_LINKER_SYMBOL", "main.version")]);
    let done = bench.run(&request).await;
    assert!(done.has_line("-----> Go app detected"), "{}", done.transcript());
    assert_eq!(done.built().process_types[&ProcessType::web()], "bin/app");
    let answer = body(&bench.serve(done.built()).await.get("/").await);
    let version = request.version.clone().unwrap();
    assert_eq!(answer, format!("Hello, Heroku from go1.24, version {version}"));
    assert!(done.slug_size() < 8 << 20, "Go itself is not in it: {}", done.slug_size());

    // Without the network, nothing could be fetched again.
    let again = BuildRequest {
        build_id: BuildId::from(Uuid::now_v7()),
        cache_digest: done.built().cache_digest.clone(),
        ..request
    };
    bench.config.mirrors.pypi = Some(nowhere());
    let again = bench.run(&again).await;
    assert_eq!(again.built().layers, done.built().layers, "the same program of the same source");
}

/// Matrix: Go | modules | several programs, `// +heroku install`, hooks
#[tokio::test(flavor = "multi_thread")]
async fn the_programs_that_go_mod_names_are_built_and_hooks_run() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/go/test/commands")).await;
    for line in [
        "-----> Using Go 1.26 specified in go.mod",
        "       before, with go1.26",
        "-----> Running: go install -tags heroku ./cmd/web ./cmd/worker",
        "       after, with web worker",
    ] {
        assert!(done.has_line(line), "{line}\n{}", done.transcript());
    }
    let types: Vec<_> = done.built().process_types.iter().map(|(kind, command)| format!("{kind}: {command}")).collect();
    assert_eq!(types, ["web: bin/web", "worker: bin/worker"]);
    assert_eq!(bench.output(done.built(), "worker").await, "the answer of worker\n");
    assert_eq!(body(&bench.serve(done.built()).await.get("/").await), "the answer of web");
}

/// Matrix: Go | Godep | vendored packages
#[tokio::test(flavor = "multi_thread")]
async fn an_app_from_before_modules_is_built() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/go/test/godeps")).await;
    assert!(done.transcript().contains("Godeps/Godeps.json is of a tool that is no longer maintained"));
    assert_eq!(body(&bench.serve(done.built()).await.get("/").await), "Hello, the days before modules");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_cannot_be_had_are_replaced_or_explained() {
    let mut bench = Bench::new().await;
    bench.config.mirrors.go = Some(nowhere());
    let done = bench.build(folder("buildpacks/go/test/old-module")).await;
    done.built();
    let warning = " !     Go 1.12 cannot be had. The newest Go 1.25 is used, which builds what was written for 1.12.";
    assert!(done.has_line(warning), "{}", done.transcript());
    let rejected = bench.build(folder("buildpacks/go/test/unknown-version")).await.rejected();
    assert!(rejected.contains(" !     Error: Go 1.12.3 could not be had."), "{rejected}");
    assert!(rejected.contains(" !     There are 1.21 to 1.27."), "{rejected}");
}

#[tokio::test]
async fn mistakes_are_explained() {
    let bench = Bench::new().await;
    for (files, complaint) in [
        (&[("go.mod", "module x\n\ngo banana\n")][..], "Invalid Go version in go.mod: banana"),
        (&[("README.md", ""), ("src/x/main.go", "package main\n")], "nothing that says how to build it"),
        (&[("README.md", ""), ("Godeps/Godeps.json", "{")], "Godeps/Godeps.json cannot be read: it is no valid JSON."),
        (
            &[("README.md", ""), ("glide.yaml", "package: ../x\n")],
            "does not say by which path the app's packages are imported",
        ),
    ] {
        let rejected = bench.build(app(files)).await.rejected();
        assert!(rejected.contains(complaint), "{complaint}\n{rejected}");
    }
}
