//! What is in the stack, and newer images of it under slugs that there are.

use std::{collections::BTreeSet, process::Command};

use paas_builder::{Builder, BuilderConfig, BuilderError, StackConfig, ensure_stacks};
use paas_hosts::{
    Engine, ImageBuild,
    testing::{FakeEngine, Method},
};
use paas_model::SlugLayer;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::bench::{Bench, Done, RegistryChild, app};

#[tokio::test(flavor = "multi_thread")]
async fn the_stack_lists_the_packages_that_dynos_find_in_it() {
    let mut bench = Bench::new().await;
    let done = bench.build(app(&[("requirements.txt", "")])).await;
    let listed = bench.output(done.built(), "dpkg-query -W -f '${Package} ${Version}\\n'").await;
    let has: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    let builder = Builder::new(bench.config.clone(), bench.registry.clone());
    let sbom = builder.stack_sbom(&StackConfig::debian_13()).await.unwrap().expect("our own stack has one");
    let sbom: serde_json::Value = serde_json::from_slice(&sbom).unwrap();
    assert_eq!((&sbom["bomFormat"], &sbom["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    let components = sbom["components"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let says: BTreeSet<String> =
        components.iter().map(|one| format!("{} {}", text(&one["name"]), text(&one["version"]))).collect();
    assert!(says.len() > 100 && says == has, "{:?}", says.symmetric_difference(&has).collect::<Vec<_>>());
    let purls: Vec<String> = components.iter().map(|one| text(&one["purl"])).collect();
    assert!(purls.iter().any(|purl| purl.starts_with("pkg:deb/debian/libstdc%2B%2B6@")), "{purls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_stands_on_a_newer_run_image_without_a_build_and_the_old_image_stays() {
    let mut bench = Bench::new().await;
    let request = bench.request(app(&[("requirements.txt", ""), ("greeting", "hello")])).await;
    let done = bench.run(&request).await;
    let (app, built) = (request.app_id, done.built());
    let before = Builder::new(bench.config.clone(), bench.registry.clone());
    let base = before.base(app, "debian-13", &built.layers, &built.image).await.unwrap();
    assert!(!base.is_outdated, "{base:?}");

    let next = Next::make(&bench).await;
    let config = BuilderConfig { stacks: vec![next.stack.clone()], ..bench.config.clone() };
    let after = Builder::new(config, bench.registry.clone());
    let outdated = after.base(app, "debian-13", &built.layers, &built.image).await.unwrap();
    assert!(outdated.is_outdated && outdated.newest != base.newest, "{outdated:?}");
    let image = after.rebase(app, "debian-13", &built.layers).await.unwrap();
    assert!(!after.base(app, "debian-13", &built.layers, &image).await.unwrap().is_outdated);
    assert_eq!(after.rebase(app, "debian-13", &built.layers).await.unwrap(), image, "the same again is the same image");

    let rebased = Done { result: Ok(paas_builder::Built { image, ..built.clone() }), lines: vec![], stages: vec![] };
    let look = "cat greeting /etc/stack-version 2>&1; true";
    assert_eq!(bench.output(rebased.built(), look).await, "hellonext\n");
    assert_eq!(bench.output(built, look).await, "hellocat: /etc/stack-version: No such file or directory\n");

    let lost = [SlugLayer { digest: format!("sha256:{}", "0".repeat(64)), ..built.layers[0].clone() }];
    let error = after.rebase(app, "debian-13", &lost).await.unwrap_err();
    assert!(matches!(&error, BuilderError::NotFound(what) if what.contains(&lost[0].digest)), "{error}");
    let gone = after.base(app, "cedar-14", &built.layers, &built.image).await.unwrap_err();
    assert!(matches!(gone, BuilderError::NoSuchStack(_)), "{gone}");
}

#[tokio::test]
async fn an_edition_is_made_once_of_the_newest_base_that_can_be_had() {
    let storage = tempfile::tempdir().unwrap();
    let child = RegistryChild::start(&storage.path().join("storage"), None);
    let (engine, registry) = (FakeEngine::default(), child.registry());
    let ensure = async |stack: &StackConfig| {
        let (lines, mut told) = mpsc::channel(100);
        let made = ensure_stacks(&engine, &registry, std::slice::from_ref(stack), lines).await;
        let mut all = String::new();
        while let Some(line) = told.recv().await {
            all.push_str(&line);
        }
        made.map(|is_newer| (is_newer, all))
    };
    let edition = |word| StackConfig::debian_13_edition(word).unwrap();
    let base = "debian:trixie-slim";

    ensure(&StackConfig::debian_13()).await.unwrap();
    assert_eq!(engine.calls_of(Method::Pull), [""; 0], "as long as nobody asks for it, what is there will do");
    engine.fail_before(Method::Pull, 1);
    ensure(&edition("one")).await.unwrap_err();
    assert!(!engine.has_image(&edition("one").run_image).await.unwrap(), "there is nothing to make it of");

    let (is_newer, told) = ensure(&edition("one")).await.unwrap();
    assert!(is_newer && !told.contains("cannot be pulled"), "{told}");
    assert_eq!(engine.calls_of(Method::Pull), [base, base]);
    let StackConfig { run_image, build_image, .. } = edition("one");
    assert!(engine.calls_of(Method::BuildImage).ends_with(&[
        run_image,
        build_image,
        edition("one").published(&registry)
    ]));

    engine.fail_before(Method::Pull, 1);
    let (is_newer, told) = ensure(&edition("two")).await.unwrap();
    assert!(is_newer && told.contains("cannot be pulled"), "{told}");
    assert!(engine.has_image(&edition("two").build_image).await.unwrap());
}

/// A newer version of the stack, on the engine and in the registry; gone from the engine with the value.
struct Next {
    stack: StackConfig,
    published: String,
}

impl Next {
    async fn make(bench: &Bench) -> Self {
        let ours = StackConfig::debian_13();
        let run_image = format!("paas-test/debian-13-next:{}", Uuid::now_v7());
        let dockerfile =
            format!("FROM {}\nUSER root\nRUN echo next >/etc/stack-version\nUSER 1000:1000\n", ours.run_image);
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(dockerfile.len() as u64);
        tar.append_data(&mut header, "Dockerfile", dockerfile.as_bytes()).unwrap();
        let build = ImageBuild {
            tag: run_image.clone(),
            context: tar.into_inner().unwrap().into(),
            dockerfile: "Dockerfile".to_owned(),
            args: std::collections::BTreeMap::new(),
            anew: false,
        };
        let (lines, mut told) = mpsc::channel(100);
        let stack = StackConfig { run_image, ..ours };
        let stacks = [stack.clone()];
        let (made, ()) = tokio::join!(
            async {
                bench.engine.build_image(build, lines.clone()).await.unwrap();
                ensure_stacks(&bench.engine, &bench.registry, &stacks, lines).await
            },
            async { while told.recv().await.is_some() {} }
        );
        made.unwrap();
        Self { published: stack.published(&bench.registry), stack }
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        for image in [&self.published, &self.stack.run_image] {
            drop(Command::new("docker").args(["rmi", "--force", image]).output());
        }
    }
}
