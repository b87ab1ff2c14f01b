use paas_builder::BuildRequest;
use paas_model::{BuildId, ProcessType};
use uuid::Uuid;

use crate::bench::{Bench, app, body, folder, nowhere};

const MAIN: &str = "fn main() {}";
const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";

/// Matrix: Rust | cargo | axum with packages from crates.io; a second build with the cache
#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_axum_app_is_built_and_answers() {
    let mut bench = Bench::new().await;
    let request = bench.request(folder("buildpacks/rust/test/axum")).await;
    let done = bench.run(&request).await;
    assert!(done.has_line("-----> Rust app detected"), "{}", done.transcript());
    assert_eq!(done.built().process_types[&ProcessType::web()], "target/release/server");
    assert_eq!(body(&bench.serve(done.built()).await.get("/Heroku").await), "Hello, Heroku");
    assert!(done.slug_size() < 4 << 20, "neither Rust nor what is compiled is in it: {}", done.slug_size());

    let (build_id, cache_digest) = (BuildId::from(Uuid::now_v7()), done.built().cache_digest.clone());
    let again = bench.run(&BuildRequest { build_id, cache_digest, ..request }).await;
    assert_eq!(again.built().layers, done.built().layers, "the same program of the same source");
    let compiled: Vec<_> = again.lines.iter().filter(|line| line.contains(" Compiling ")).collect();
    assert!(matches!(compiled[..], [only] if only.contains(" server v0.1.0 ")), "{}", again.transcript());
}

/// Matrix: Rust | cargo | a workspace of two programs, a worker
#[tokio::test(flavor = "multi_thread")]
async fn a_workspaces_programs_are_built() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/rust/test/workspace")).await;
    let types: Vec<_> = done.built().process_types.iter().map(|(kind, command)| format!("{kind}: {command}")).collect();
    assert_eq!(types, ["worker: target/release/two"]);
    assert_eq!(bench.output(done.built(), "target/release/two && ls target/release").await, "this is two\none\ntwo\n");
}

/// Rust's own archives are not within every machine's reach.
#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_fetched_or_its_absence_explained() {
    let bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/rust/test/other-version")).await;
    for line in ["-----> Using Rust 1.84 specified in rust-toolchain.toml", "-----> Installing Rust 1.84.0"] {
        assert!(done.has_line(line), "{line}\n{}", done.transcript());
    }
    if done.result.is_err() {
        assert!(done.rejected().contains(" !     Without it there is Rust 1."), "{}", done.transcript());
        return;
    }
    assert!(done.transcript().contains("       rustc 1.84.0 "), "{}", done.transcript());
    assert!(done.transcript().contains("Warning: there is no Cargo.lock"), "{}", done.transcript());
}

/// What is chosen is told before it is fetched, which takes minutes.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_found_however_it_is_written() {
    let mut bench = Bench::new().await;
    bench.config.mirrors.rust = Some(nowhere());
    let full_name = format!("1.84.0-{}-unknown-linux-gnu\n", std::env::consts::ARCH);
    let member = MANIFEST.replace("edition", "rust-version = \"1.999\"\nedition");
    let in_file = "-----> Using Rust 1.84 specified in rust-toolchain.toml";
    for (files, line) in [
        (&[("rust-toolchain.toml", "[toolchain]\nchannel = '1.84'\n")][..], in_file),
        (&[("rust-toolchain.toml", "toolchain = { channel = \"1.84\", profile = \"minimal\" }\n")], in_file),
        (&[("rust-toolchain.toml", "toolchain.channel = \"1.84\" # not older\n")], in_file),
        (&[("rust-toolchain", &full_name)], "-----> Using Rust 1.84.0 specified in rust-toolchain"),
        (
            &[
                ("Cargo.toml", "[workspace]\nmembers = ['crates/*']\nresolver = '2'\n"),
                ("crates/app/Cargo.toml", &member),
                ("crates/app/src/main.rs", MAIN),
            ],
            "-----> Using Rust 1.999 specified in Cargo.toml (rust-version)",
        ),
    ] {
        let mut all = files.to_vec();
        if !all.iter().any(|(path, _)| *path == "Cargo.toml") {
            all.extend([("Cargo.toml", MANIFEST), ("src/main.rs", MAIN)]);
        }
        let done = bench.build(app(&all)).await;
        assert!(done.has_line(line), "{line}\n{}", done.transcript());
        assert!(done.rejected().contains(" could not be had."), "{}", done.transcript());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_explained() {
    let bench = Bench::new().await;
    for (files, complaint) in [
        (
            &[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN), ("rust-toolchain", "nightly")][..],
            "cannot be had here: nightly",
        ),
        (
            &[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN), ("rust-toolchain", "1.999")],
            "Rust 1.999.0 could not be had.",
        ),
        (
            &[
                ("Cargo.toml", MANIFEST),
                ("src/main.rs", MAIN),
                ("rust-toolchain.toml", "[toolchain]\npath = '/opt/rust'\n"),
            ],
            "rust-toolchain.toml names a toolchain by its path",
        ),
        (
            &[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN), ("rust-toolchain.toml", "[toolchain\n")],
            "rust-toolchain.toml is not valid TOML:",
        ),
        (
            &[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN), ("rust-toolchain", "1.84.0-sparc64-unknown-linux-gnu")],
            "cannot be had here: 1.84.0-sparc64-unknown-linux-gnu",
        ),
        (&[("Cargo.toml", MANIFEST), ("src/lib.rs", "")], "This builds no program."),
        (
            &[("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() { x }")],
            "Error: cargo build failed; the output above says why.",
        ),
    ] {
        let rejected = bench.build(app(files)).await.rejected();
        assert!(rejected.contains(complaint), "{complaint}\n{rejected}");
    }
}
