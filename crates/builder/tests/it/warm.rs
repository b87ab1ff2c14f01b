//! Containers that wait for builds.

use paas_builder::{BuildRequest, Builder, WarmContainer, WarmRequest};
use paas_hosts::Engine;
use paas_model::{BuildId, HostId};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::bench::{Bench, Done, app, app_that_runs, config, folder};

/// Makes a container wait for the build that comes after this one, on a host of its own.
async fn warm(bench: &Bench, request: &BuildRequest, cancel: &CancellationToken) -> HostId {
    let host = HostId::from(Uuid::now_v7());
    warm_on(bench, request, host, cancel).await;
    host
}

async fn warm_on(bench: &Bench, request: &BuildRequest, host: HostId, cancel: &CancellationToken) {
    let warm = WarmRequest {
        after: request.build_id,
        app_id: request.app_id,
        stack: request.stack.clone(),
        cache_digest: request.cache_digest.clone(),
        host,
    };
    Builder::new(bench.config.clone(), bench.registry.clone()).warm(&bench.engine, &warm, cancel).await.unwrap();
}

async fn waiting(bench: &Bench, host: HostId) -> Vec<WarmContainer> {
    WarmContainer::list(&bench.engine, host).await.unwrap()
}

/// Of a build that has a container to make.
fn has_restored(done: &Done) -> bool {
    done.stages.iter().any(|(name, _)| *name == "restore")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_takes_over_what_waits_for_it_and_makes_the_same_of_it() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(folder("buildpacks/nodejs/test/npm-lock")).await;
    request.config = config(&[("NPM_CONFIG_LOGLEVEL", "warn")]);
    let first = bench.run(&request).await;
    assert!(has_restored(&first));
    request.cache_digest.clone_from(&first.built().cache_digest);
    let host = warm(&bench, &request, &CancellationToken::new()).await;
    assert_eq!(waiting(&bench, host).await.len(), 1);

    request.build_id = BuildId::from(Uuid::now_v7());
    let second = bench.run(&request).await;
    assert!(!has_restored(&second), "{:?}", second.stages);
    assert!(second.has_line("       NPM_CONFIG_LOGLEVEL=warn"), "{}", second.transcript());
    assert!(second.has_line("       Using node_modules of the last build: package-lock.json has not changed"));
    assert_eq!(second.built().layers, first.built().layers);
    assert_eq!(second.built().cache_digest, first.built().cache_digest, "it has not changed");
    assert!(!second.transcript().contains("build waits"), "{}", second.transcript());
    assert!(bench.get(second.built(), "/").await.contains("hello"));
    assert!(waiting(&bench, host).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_another_build_is_left_alone() {
    let bench = Bench::new().await;
    let request = bench.request(app_that_runs("echo anything")).await;
    let host = warm(&bench, &request, &CancellationToken::new()).await;
    let other = bench.request(app_that_runs("echo anything")).await;
    let cached = BuildRequest { cache_digest: Some(format!("sha256:{}", "0".repeat(64))), ..request.clone() };
    for (whose, build) in [("another app's", other), ("that of another cache", cached)] {
        let done = bench.run(&BuildRequest { build_id: BuildId::from(Uuid::now_v7()), ..build }).await;
        done.built();
        assert!(has_restored(&done), "{whose}");
        assert_eq!(waiting(&bench, host).await.len(), 1, "{whose}");
    }
    for container in WarmContainer::surplus(waiting(&bench, host).await, 0) {
        bench.engine.remove(&container.name).await.unwrap();
    }
    assert!(waiting(&bench, host).await.is_empty());
}

/// With a broken archive in place of the last build's packages, it has only what was unpacked before.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_unpacked_before_the_build_is_used_by_it() {
    let mut bench = Bench::new().await;
    let cases = [
        ("nodejs/test/npm-lock", "node/modules/packed", "cannot be unpacked"),
        ("python/test/pip-flask", "python/environment.tar", "Installing"),
    ];
    for (fixture, archive, warning) in cases {
        let mut request = bench.request(folder(&format!("buildpacks/{fixture}"))).await;
        let first = bench.run(&request).await;
        request.cache_digest.clone_from(&first.built().cache_digest);
        let host = warm(&bench, &request, &CancellationToken::new()).await;
        let [container] = &waiting(&bench, host).await[..] else { panic!("one waits") };
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(7);
        tar.append_data(&mut header, format!("tmp/paas/cache/{archive}"), &b"garbage"[..]).unwrap();
        let tar = futures::stream::iter([Ok(tar.into_inner().unwrap().into())]);
        bench.engine.upload(&container.name, "/", Box::pin(tar)).await.unwrap();

        request.build_id = BuildId::from(Uuid::now_v7());
        let second = bench.run(&request).await;
        assert!(!has_restored(&second), "{:?}", second.stages);
        assert!(!second.transcript().contains(warning), "{}", second.transcript());
        assert_eq!(second.built().layers, first.built().layers);
        assert!(bench.get(second.built(), "/").await.to_lowercase().contains("hello"));
    }
}

/// However much it takes care that nobody sees it.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_file_that_a_build_changes_is_another_one() {
    let bench = Bench::new().await;
    let package = r#"{"name": "changes", "engines": {"node": "22.x"}, "scripts": {"start": "node x", "heroku-postbuild": "bash change.sh"}}"#;
    let source = |script: &str| app(&[("package.json", package), ("change.sh", script)]);
    let mut request = bench.request(source("true")).await;
    let first = bench.run(&request).await;
    request.cache_digest.clone_from(&first.built().cache_digest);
    request.layers.clone_from(&first.built().layers);
    warm(&bench, &request, &CancellationToken::new()).await;
    let change = "file=.heroku/node/lib/node_modules/npm/LICENSE; touch -r $file when
        printf X | dd of=$file bs=1 conv=notrunc status=none; touch -r when $file; rm when";
    request.source_digest = bench.upload(source(change)).await;
    request.build_id = BuildId::from(Uuid::now_v7());
    let second = bench.run(&request).await;
    assert!(!has_restored(&second), "{:?}", second.stages);
    let [before, after] = [&first, &second].map(|done| &done.built().layers[0]);
    assert_ne!(before.content, after.content);
    assert_ne!(before.tree.as_ref().unwrap().digest, after.tree.as_ref().unwrap().digest);
}

/// What a build leaves in its cache is the app's: whatever it is, its next build runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_means_harm_harms_no_build() {
    let mut bench = Bench::new().await;
    let harm = "cache=/tmp/paas/cache/node; rm -rf $cache/modules; mkdir -p $cache/modules $cache/runtimes/node-1/bin
        printf garbage >$cache/modules/packed
        rm -rf $cache/tools/*; ln -s /etc $cache/tools/a.tar; ln -s /dev/zero $cache/tools/b.tar
        tar -cPf $cache/tools/npm-10.0.0.tar --transform \"s,^,../../../../../..$PWD/,\" /etc/hostname
        touch $cache/tools/-C.tar \"$cache/tools/with
newline.tar\"; ln -sf /bin/false $cache/runtimes/node-1/bin/node";
    let package = r#"{"name": "harm", "engines": {"node": "22.x"}, "scripts": {"start": "node server.js", "heroku-postbuild": "bash harm.sh"}}"#;
    let server = include_str!("../../../../buildpacks/nodejs/test/npm-lock/server.js");
    let files = [("package.json", package), ("harm.sh", harm), ("server.js", server)];
    let mut request = bench.request(app(&files)).await;
    request.cache_digest.clone_from(&bench.run(&request).await.built().cache_digest);
    let host = warm(&bench, &request, &CancellationToken::new()).await;
    assert_eq!(waiting(&bench, host).await.len(), 1);
    request.build_id = BuildId::from(Uuid::now_v7());
    let second = bench.run(&request).await;
    assert!(!has_restored(&second), "{:?}", second.stages);
    assert_eq!(bench.output(second.built(), "ls /app").await, "harm.sh\npackage-lock.json\npackage.json\nserver.js\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_to_wait_goes_when_it_is_called_off() {
    let bench = Bench::new().await;
    let mut request = bench.request(folder("buildpacks/nodejs/test/npm-lock")).await;
    // Long enough in the making to be seen in it.
    request.cache_digest.clone_from(&bench.run(&request).await.built().cache_digest);
    let cancel = CancellationToken::new();
    let host = HostId::from(Uuid::now_v7());
    let seen = async {
        while waiting(&bench, host).await.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        cancel.cancel();
    };
    tokio::join!(warm_on(&bench, &request, host, &cancel), seen);
    assert!(waiting(&bench, host).await.is_empty());
}
