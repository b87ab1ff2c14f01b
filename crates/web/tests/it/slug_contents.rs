use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderValue, Request, StatusCode, header::CONTENT_LENGTH},
};
use insta::assert_snapshot;
use paas_db::{registry_blobs, slugs};
use paas_model::SlugLayer;
use serde_json::{Value, json};

use crate::{
    registry::{RegistryProcess, archive, put},
    support::{Answer, Api, path_of, stable},
};

/// Uploads a slug with these files, and releases it.
pub(crate) async fn release(api: &Api, app: &str, files: &[(&str, &str)]) -> Value {
    let body =
        json!({"process_types": {"web": "./serve"}, "commit": "60883d9e8947", "buildpack_provided_description": "Go"});
    let slug = api.post(&format!("/apps/{app}/slugs"), body).await.json();
    assert_eq!(put(api, &slug["blob"]["url"], archive(files)).await.status, StatusCode::OK);
    let released = api.post(&format!("/apps/{app}/releases"), json!({"slug": slug["id"]})).await;
    assert_eq!(released.status, StatusCode::CREATED, "{}", released.text);
    released.json()
}

/// Without what hangs on how it was compressed.
fn shown(answer: &Answer) -> String {
    let mut json = answer.json();
    for slug in ["slug", "from", "to"] {
        if let Some(slug) = json.get_mut(slug) {
            assert!(slug["checksum"].as_str().unwrap().starts_with("SHA256:") && slug["size"].as_u64().unwrap() > 0);
            (slug["checksum"], slug["size"]) = (json!("[checksum]"), json!("[size]"));
        }
    }
    serde_json::to_string_pretty(&json).unwrap()
}

#[tokio::test]
async fn slugs_are_listed_looked_into_and_compared() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let old = [("app/serve", "#!/bin/sh\n"), ("app/lib/a/x", "old"), ("app/lib/gone", "x"), ("app/README", "same")];
    let new = [("app/README", "same"), ("app/serve", "#!/bin/sh\n"), ("app/lib/a/x", "new!"), ("app/lib/b/y", "y")];
    let third = release(&api, "example", &old).await;
    let fourth = release(&api, "example", &new).await;
    let again = json!({"slug": third["slug"]["id"]});
    assert_eq!(api.post("/apps/example/releases", again).await.json()["version"], 5);

    let list = api.get("/apps/example/slugs").await;
    let listed: Vec<_> =
        list.json().as_array().unwrap().iter().map(|slug| (slug["id"].clone(), slug["releases"].clone())).collect();
    let of = |release: &Value| release["slug"]["id"].clone();
    assert_eq!(listed, [(of(&third), json!([3, 5])), (of(&fourth), json!([4]))]);
    assert!(!list.text.contains("blob"), "whoever may look gets no way to the code: {}", list.text);

    let contents = api.get("/apps/example/slugs/v4/contents").await;
    stable(|| assert_snapshot!("slug_contents", shown(&contents)));
    let by_id = format!("/apps/example/slugs/{}/contents", of(&fourth).as_str().unwrap());
    assert_eq!(api.get(&by_id).await.text, contents.text);
    let files = api.get("/apps/example/slugs/3/files").await;
    stable(|| assert_snapshot!("slug_files", files.shown()));
    let diff = api.get("/apps/example/slugs/v4/diff?from=v3").await;
    stable(|| assert_snapshot!("slug_diff", shown(&diff)));
    let same = api.get("/apps/example/slugs/v5/diff?from=v3").await.json();
    assert_eq!((&same["files"], &same["unchanged"]), (&json!([]), &json!(4)));
}

#[tokio::test]
async fn what_cannot_be_looked_into_is_said() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    let app = api.app("example").await;
    api.app("other").await;
    release(&api, "example", &[("app/x", "x")]).await;
    let others = release(&api, "other", &[("app/x", "x")]).await["slug"]["id"].clone();
    // Its layer is nowhere.
    api.test.deploy(&app, &[("web", "serve")]).await;
    let others = others.as_str().unwrap();
    for (path, status, resource, message) in [
        ("v1/contents", 422, json!(null), "Release v1 of example has no slug: nothing was deployed then."),
        ("v99/files", 404, json!("release"), "example has no release v99."),
        ("v3/diff?from=v99", 404, json!("release"), "example has no release v99."),
        ("nonsense/files", 404, json!("slug"), "Couldn't find that slug."),
        (&format!("{others}/files"), 404, json!("slug"), "Couldn't find that slug."),
        (&format!("v3/diff?from={others}"), 404, json!("slug"), "Couldn't find that slug."),
        (
            "v4/diff?from=v3",
            404,
            json!("slug"),
            "The files of slug v4 are not in the registry any more. Only releases whose slugs are there can be looked into.",
        ),
        ("v3/diff", 422, json!(null), "The query is wrong: Failed to deserialize query string: missing field `from`."),
    ] {
        let refused = api.get(&format!("/apps/example/slugs/{path}")).await;
        let body = refused.json();
        assert_eq!(
            (refused.status.as_u16(), &body["resource"], &body["message"]),
            (status, &resource, &json!(message))
        );
    }
}

#[tokio::test]
async fn a_slug_of_several_layers_is_one_archive() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    let app = api.app("example").await;
    let below = layers(&api, &release(&api, "example", &[("app/lib/x", "below"), ("app/lib/y", "y")]).await).await;
    let release_of_code = release(&api, "example", &[("app/serve", "#!/bin/sh\n")]).await;
    let code = layers(&api, &release_of_code).await;
    let db = api.test.control.db.pool();
    let slug = slugs::NewSlug {
        id: paas_db::new_id(),
        app_id: app.id,
        stack: app.stack.clone(),
        layers: [below.clone(), code.clone()].concat(),
        image: slug_of(&api, &release_of_code).await.image,
        commit: None,
        commit_description: None,
        buildpack_provided_description: None,
        process_types: BTreeMap::new(),
    };
    slugs::create(db, &slug).await.unwrap();

    let shown = api.get(&format!("/apps/example/slugs/{}", slug.id)).await.json();
    let size = below[0].size + code[0].size;
    assert_eq!((&shown["checksum"], &shown["size"]), (&json!(null), &json!(size)));
    let archive = Request::head(path_of(&shown["blob"]["url"])).body(Body::empty()).unwrap();
    let archive = api.send(archive).await;
    assert_eq!((archive.status, &archive.headers[CONTENT_LENGTH]), (StatusCode::OK, &HeaderValue::from(size)));
    let contents = api.get(&format!("/apps/example/slugs/{}/contents", slug.id)).await.json();
    assert_eq!((&contents["files"], &contents["bytes"]), (&json!(3), &json!(16)));
    let diff = api.get(&format!("/apps/example/slugs/{}/diff?from=v4", slug.id)).await.json();
    assert_eq!((&diff["files"][0]["path"], &diff["unchanged"]), (&json!("lib/x"), &json!(1)));
    let named = registry_blobs::named(db).await.unwrap();
    assert!(named.contains_key(&below[0].digest) && named.contains_key(&code[0].digest), "{named:?}");
}

async fn slug_of(api: &Api, release: &Value) -> slugs::Slug {
    let id = release["slug"]["id"].as_str().unwrap().parse().unwrap();
    slugs::by_id(api.test.control.db.pool(), id).await.unwrap().unwrap()
}

async fn layers(api: &Api, release: &Value) -> Vec<SlugLayer> {
    slug_of(api, release).await.layers()
}
