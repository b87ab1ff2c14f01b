use std::{collections::BTreeMap, sync::Arc};

use axum::http::StatusCode;
use insta::assert_snapshot;
use paas_control::Settings;
use paas_db::{apps, builds, host_disks, registry_garbage, registry_usage, slugs};
use paas_hosts::{Disk, testing::Method};
use paas_model::{BuildState, FreeDisk};
use serde_json::{Value, json};

use crate::{
    registry::{RegistryProcess, source},
    support::{Api, stable, until},
};

async fn with_limit(min_free_disk: FreeDisk) -> Api {
    Api::over(|control| {
        control.settings = Arc::new(Settings { min_free_disk, ..Settings::clone(&control.settings) });
    })
    .await
}

#[tokio::test]
async fn disks_show_what_takes_them() {
    let api = with_limit(FreeDisk::Percent(5)).await;
    let pool = api.test.control.db.pool();
    api.host("first").await;
    let down = api.host("second").await;
    let row = paas_db::hosts::find(pool, down).await.unwrap().unwrap();
    api.test.engines.at(&row.endpoint.unwrap()).go_down();
    let app = api.app("example").await;
    let release = api.test.deploy(&app, &[("web", "serve")]).await;
    let slug = slugs::find(pool, app.id, release.slug_id.unwrap()).await.unwrap().unwrap();
    let engine = api.test.engines.at(&first_endpoint(&api).await);
    // One is of the newest release of an app that was never here: nobody keeps it on this host.
    engine.add_image(&slug.image);
    engine.add_image("debian:trixie-slim");
    registry_usage::set_disk(pool, 100 << 30, 40 << 30).await.unwrap();
    let kinds = BTreeMap::from([("slugs".to_owned(), 5_000_000), ("caches".to_owned(), 7_000_000)]);
    registry_usage::set_kinds(pool, &kinds, 1_000_000).await.unwrap();
    registry_garbage::add(pool, app.id, "127.0.0.1:9/apps/gone@sha256:1").await.unwrap();
    let shown = api.get("/disk").await;
    let mut body = shown.json();
    assert!(body["database_bytes"].as_u64().unwrap() > 1_000_000, "{body}");
    body["database_bytes"] = json!(1);
    stable(|| assert_snapshot!("disk", serde_json::to_string_pretty(&body).unwrap()));
    let (tenant, token) = api.test.tenant("tenant@example.com").await;
    assert!(!tenant.is_owner);
    let refused = api.call_as(&token, axum::http::Method::GET, "/disk", Value::Null).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

async fn first_endpoint(api: &Api) -> String {
    paas_db::hosts::by_name(api.test.control.db.pool(), "first").await.unwrap().unwrap().endpoint.unwrap()
}

/// A build on the local host, to its end: what it printed.
async fn build(api: &Api) -> (builds::Build, String) {
    let url = source(api, b"a tarball".to_vec()).await;
    let made = api.post("/apps/example/builds", json!({"source_blob": {"url": url}})).await.json();
    let path = format!("/apps/example/builds/{}", made["id"].as_str().unwrap());
    until("it ends", || async { api.get(&path).await.json()["status"] != "pending" }).await;
    let lines = api.get(&format!("{path}/result")).await.json()["lines"].clone();
    let lines = lines.as_array().unwrap().iter().map(|line| line["line"].as_str().unwrap().to_owned()).collect();
    let id = made["id"].as_str().unwrap().parse().unwrap();
    (builds::find(api.test.control.db.pool(), id).await.unwrap().unwrap(), lines)
}

async fn on(registry: &RegistryProcess, min_free_disk: FreeDisk) -> Api {
    let mut api = registry.api().await;
    let settings = Settings { min_free_disk, ..Settings::clone(&api.test.control.settings) };
    api.test.control.settings = Arc::new(settings);
    api.router = paas_web::router(api.test.control.clone(), paas_web::WebConfig::default());
    api
}

#[tokio::test]
async fn a_build_does_not_start_on_a_disk_that_is_nearly_full() {
    let registry = RegistryProcess::start().await;
    let api = on(&registry, FreeDisk::Bytes(1 << 40)).await;
    let app = api.app("example").await;
    let release = api.test.deploy(&app, &[("web", "serve")]).await;
    let _loops = api.test.start();
    let (build, output) = build(&api).await;
    assert_snapshot!("build_refused", output);
    assert_eq!((build.state, build.attempt), (BuildState::Failed, 1));
    assert_eq!(
        build.last_error.as_deref(),
        Some("the disk of host local is nearly full: 50 GB are free, and a build needs 1 TB")
    );
    assert!(
        !api.test.engine.calls_of(Method::Create).iter().any(|name| name.starts_with("build-")),
        "nothing was begun"
    );
    let current = paas_db::releases::current(api.test.control.db.pool(), app.id).await.unwrap().unwrap();
    assert_eq!(current.id, release.id);
    let noted = host_disks::find(api.test.control.db.pool(), build.host_id.unwrap()).await.unwrap().unwrap();
    assert_eq!((noted.bytes, noted.free_bytes), (100 << 30, 50 << 30));

    // It has room now, and is looked at again at once.
    api.test.engine.set_disk(Some(Disk { bytes: 4 << 40, free_bytes: 2 << 40 }));
    let url = source(&api, b"another tarball".to_vec()).await;
    api.post("/apps/example/builds", json!({"source_blob": {"url": url}})).await;
    let begins = || async { api.test.engine.calls_of(Method::Create).iter().any(|name| name.starts_with("build-")) };
    until("it begins", begins).await;
}

#[tokio::test]
async fn a_build_does_not_start_when_the_registrys_disk_is_nearly_full() {
    let registry = RegistryProcess::start().await;
    let api = on(&registry, FreeDisk::Percent(5)).await;
    api.app("example").await;
    registry_usage::set_disk(api.test.control.db.pool(), 100 << 30, 1 << 30).await.unwrap();
    let _loops = api.test.start();
    let (build, output) = build(&api).await;
    assert!(
        output.contains("the disk of the image registry is nearly full: 1 GB are free, and a build needs 5 GB"),
        "{output}"
    );
    assert_eq!((build.state, build.attempt), (BuildState::Failed, 1));
}

#[tokio::test]
async fn a_host_that_cannot_tell_is_looked_at_from_a_container() {
    let registry = RegistryProcess::start().await;
    let api = on(&registry, FreeDisk::Bytes(1 << 40)).await;
    api.app("example").await;
    api.test.engine.set_disk(None);
    let df = "Filesystem 1024-blocks Used Available Capacity Mounted on";
    let program =
        paas_hosts::testing::Program::exits(0).printing(df).printing("overlay 104857600 94371840 10485760 90% /");
    api.test.engine.program("df -kP", program);
    let _loops = api.test.start();
    let (_, output) = build(&api).await;
    assert!(output.contains("10 GB are free"), "{output}");
    let left = api.test.engine.containers();
    assert!(left.iter().all(|container| !container.name.0.starts_with("disk-")), "{left:?}");
}

#[tokio::test]
async fn a_release_whose_slug_is_not_kept_says_so_wherever_one_asks() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    let app = api.app("example").await;
    let old = api.test.deploy(&app, &[("web", "serve")]).await;
    api.test.deploy(&app, &[("web", "serve")]).await;
    let pool = api.test.control.db.pool();
    let slug = old.slug_id.unwrap();
    let path = format!("/apps/example/slugs/{slug}");
    let url = api.get(&path).await.json()["blob"]["url"].clone();
    let mut tx = api.test.control.db.begin().await.unwrap();
    apps::lock(&mut tx, app.id).await.unwrap();
    slugs::collect(&mut tx, slug).await.unwrap();
    tx.commit().await.unwrap();
    assert!(slugs::by_id(pool, slug).await.unwrap().is_some());

    let rollback = api.post("/apps/example/releases", json!({"release": old.version.0.to_string()})).await;
    assert_eq!(rollback.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", rollback.text);
    assert_eq!(
        rollback.json()["message"],
        "Cannot roll back to v3: its slug is not kept any more. Only the slugs of an app's newest 50 releases are kept (the \
         server's setting PAAS_KEEP_RELEASES). Push that commit again instead."
    );
    let released = api.post("/apps/example/releases", json!({"slug": slug.to_string()})).await;
    assert_eq!(released.status, StatusCode::NOT_FOUND, "{}", released.text);
    let shown = api.get(&path).await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND);
    assert!(shown.json()["message"].as_str().unwrap().contains("is not kept any more"), "{}", shown.text);
    assert_eq!(api.get(&crate::support::path_of(&url)).await.status, StatusCode::NOT_FOUND);
    // The list still tells of it.
    assert_eq!(api.get("/apps/example/releases/v3").await.json()["slug"]["id"], slug.to_string());
}
