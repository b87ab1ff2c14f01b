//! Newer run images under slugs that there are.

use axum::http::{Method, StatusCode};
use paas_builder::{StackConfig, testing::publish_stack_with_packages};
use paas_db::slugs;
use serde_json::{Value, json};

use crate::{registry::RegistryProcess, slug_contents::release, support::Api};

const REBASE: &str = "/apps/example/actions/rebase";

async fn new_stack(api: &Api, version: &str) {
    publish_stack_with_packages(&api.test.control.registry, &StackConfig::debian_13(), version).await.unwrap();
}

/// The image that a release runs.
async fn image(api: &Api, release: &Value) -> String {
    let id = release["slug"]["id"].as_str().unwrap().parse().unwrap();
    slugs::by_id(api.test.control.db.pool(), id).await.unwrap().unwrap().image
}

#[tokio::test]
async fn an_outdated_app_gets_a_release_on_the_newest_image_and_can_go_back() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let early = api.post(REBASE, json!({})).await;
    assert_eq!(
        (early.status.as_u16(), &early.json()["message"]),
        (422, &json!("Nothing was deployed to example yet."))
    );
    let third = release(&api, "example", &[("app/serve", "x")]).await;
    let base = api.get("/apps/example/base").await.json();
    assert_eq!((&base["outdated"], &base["version"]), (&json!(false), &json!(3)), "{base}");
    let nothing = api.post(REBASE, json!({})).await.json();
    assert_eq!((&nothing["release"], &nothing["base"]), (&json!(null), &base));

    new_stack(&api, "5.3").await;
    api.patch("/apps/example/config-vars", json!({"A": "1"})).await;
    let all = api.get("/bases").await.json();
    assert_eq!(all[0], api.get("/apps/example/base").await.json());
    assert_eq!((&all[0]["outdated"], &all[0]["stack"]["name"]), (&json!(true), &json!("debian-13")), "{all}");
    assert_ne!(all[0]["newest"], base["newest"]);
    let rebased = api.post(REBASE, json!({})).await.json();
    let fifth = &rebased["release"];
    let digits = &all[0]["newest"].as_str().unwrap()["sha256:".len()..][..12];
    assert_eq!(fifth["description"], format!("Rebase on debian-13 {digits}"));
    assert_eq!(
        (&fifth["version"], &fifth["status"], &fifth["current"]),
        (&json!(5), &json!("succeeded"), &json!(true))
    );
    assert_eq!(api.get("/apps/example/releases/5/config-vars").await.json(), json!({"A": "1"}));
    assert_ne!(image(&api, fifth).await, image(&api, &third).await);
    let slugs = api.get("/apps/example/slugs").await.json();
    assert_eq!(slugs[0]["checksum"], slugs[1]["checksum"], "no layer is new: {slugs}");
    assert_eq!((&slugs[0]["releases"], &slugs[1]["releases"]), (&json!([3, 4]), &json!([5])));
    assert_eq!(api.post(REBASE, json!({})).await.json()["release"], json!(null), "there is nothing left to do");

    let back = api.post("/apps/example/releases", json!({"release": "v3"})).await.json();
    assert_eq!(image(&api, &back).await, image(&api, &third).await, "what is gone back to stands on the old image");
    assert_eq!(api.get("/apps/example/base").await.json()["outdated"], true);
}

#[tokio::test]
async fn what_cannot_be_rebased_is_said() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    let app = api.app("example").await;
    // Its slug is nowhere, nor is its image.
    api.test.deploy(&app, &[("web", "serve")]).await;
    let lost = api.post(REBASE, json!({})).await;
    let message = "The slug of example's current release, v3, is not in the registry any more: push the app again.";
    assert_eq!((lost.status.as_u16(), &lost.json()["message"]), (422, &json!(message)));

    release(&api, "example", &[("app/serve", "x")]).await;
    new_stack(&api, "5.3").await;
    api.test.deploy(&app, &[("web", "serve"), ("release", "migrate")]).await;
    let early = api.post(REBASE, json!({})).await;
    let message = "example's release v5 is newer, and under way: try again when it is done.";
    assert_eq!((early.status, &early.json()["message"]), (StatusCode::CONFLICT, &json!(message)));

    deploy_on(&api, "old", "cedar-14").await;
    let base = api.get("/apps/old/base").await.json();
    assert_eq!((&base["newest"], &base["outdated"]), (&json!(null), &json!(false)));
    let refused = api.post("/apps/old/actions/rebase", json!({})).await;
    assert!(refused.text.contains("The stack cedar-14 of old's current release is none of this server's any more."));
    deploy_on(&api, "image", "container").await;
    for (method, path, what) in [
        (Method::POST, "actions/rebase", "image runs the image of a Dockerfile, which names what it stands on"),
        (Method::GET, "slugs/v3/files", "The slug v3 is the image of a Dockerfile, which cannot be looked into here"),
    ] {
        let refused = api.call(method, &format!("/apps/image/{path}"), json!({})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert!(refused.json()["message"].as_str().unwrap().starts_with(what), "{}", refused.text);
    }
    let all = api.get("/bases").await.json();
    let names: Vec<_> = all.as_array().unwrap().iter().map(|base| base["app"]["name"].clone()).collect();
    assert_eq!(names, ["example", "old"]);
    // What runs is of another stack than what the next build is for.
    let shown = api.get("/apps/old").await.json();
    assert_eq!((&shown["stack"]["name"], &shown["build_stack"]["name"]), (&json!("cedar-14"), &json!("debian-13")));
}

/// An app to which the slug of the other's v4 was deployed, but for this stack.
async fn deploy_on(api: &Api, name: &str, stack: &str) {
    let db = api.test.control.db.pool();
    let release = api.get("/apps/example/releases/4").await.json();
    let old = slugs::by_id(db, release["slug"]["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    let slug = slugs::NewSlug {
        id: paas_db::new_id(),
        app_id: api.app(name).await.id,
        stack: stack.to_owned(),
        layers: old.layers(),
        image: old.image,
        commit: None,
        commit_description: None,
        buildpack_provided_description: None,
        process_types: old.process_types,
    };
    slugs::create(db, &slug).await.unwrap();
    let released = api.post(&format!("/apps/{name}/releases"), json!({"slug": slug.id.to_string()})).await;
    assert_eq!(released.status, StatusCode::CREATED, "{}", released.text);
}

#[tokio::test]
async fn a_stack_says_what_is_in_it() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    let none = api.get("/stacks/debian-13/sbom").await;
    assert_eq!((none.status, &none.json()["resource"]), (StatusCode::NOT_FOUND, &json!("sbom")), "{}", none.text);
    for version in ["5.2", "5.3"] {
        new_stack(&api, version).await;
        let sbom = api.get("/stacks/debian-13/sbom").await;
        assert_eq!(
            (sbom.status, sbom.header("content-type")),
            (StatusCode::OK, Some("application/vnd.cyclonedx+json"))
        );
        assert_eq!(sbom.json()["components"][0]["version"], version);
    }
    assert_eq!(api.get("/stacks/cedar-14/sbom").await.json()["resource"], "stack");
}
