use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::{Value, json};

use crate::{
    registry::{RegistryProcess, archive, gzip, put},
    support::{Api, path_of, stable},
};

async fn announce(api: &Api, more: Value) -> Value {
    let mut body = json!({"process_types": {"web": "./serve"}});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = api.post("/apps/example/slugs", body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()
}

#[tokio::test]
async fn a_slug_made_elsewhere_is_uploaded_and_released() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    let app = api.app("example").await;
    let bytes = archive(&[("./app/serve", "#!/bin/sh\n"), ("app/lib/x", "x"), ("outside", "not ours")]);
    let more = json!({"commit": "60883d9e8947a57e04dc9124f25df004866a2051", "buildpack_provided_description": "Go"});
    let slug = announce(&api, more).await;
    stable(|| insta::assert_snapshot!("slug_upload", serde_json::to_string_pretty(&slug).unwrap()));
    let early = api.post("/apps/example/releases", json!({"slug": slug["id"]})).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(early.json()["message"].as_str().unwrap().contains("has no archive yet"), "{}", early.text);

    assert_eq!(put(&api, &slug["blob"]["url"], bytes.clone()).await.status, StatusCode::OK);
    // An answer may get lost.
    assert_eq!(put(&api, &slug["blob"]["url"], bytes).await.status, StatusCode::OK);
    let repository = format!("apps/{}", app.id);
    let tags = registry.tags(&repository).await;
    assert!(tags.len() == 1 && tags[0].starts_with("sha256-"), "{tags:?}");
    let other = put(&api, &slug["blob"]["url"], archive(&[("app/serve", "other")])).await;
    assert_eq!(other.status, StatusCode::CONFLICT, "{}", other.text);
    // What runs has kept its name, which no other image can take.
    let after = registry.tags(&repository).await;
    assert!(after.len() == 2 && after.contains(&tags[0]), "{after:?}");
    assert!(after.iter().all(|tag| tag.starts_with("sha256-")), "{after:?}");

    let release = api.post("/apps/example/releases", json!({"slug": slug["id"]})).await;
    assert_eq!((release.status, &release.json()["slug"]["id"]), (StatusCode::CREATED, &slug["id"]), "{}", release.text);
    assert_eq!(release.json()["description"], "Deploy 60883d9e");
    assert_eq!(api.get("/apps/example/formation/web").await.json()["command"], "./serve");

    let shown = api.get(&format!("/apps/example/slugs/{}", slug["id"].as_str().unwrap())).await.json();
    assert_eq!((&shown["blob"]["method"], &shown["stack"]["name"]), (&json!("get"), &json!("debian-13")));
    let path = path_of(&shown["blob"]["url"]);
    let (status, _, mut blob) = api.open(Request::get(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    let mut tar = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*blob.bytes().await), &mut tar).unwrap();
    let names = tar::Archive::new(tar.as_slice())
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().into_owned())
        .collect::<Vec<_>>();
    assert_eq!(names.iter().map(|name| name.to_str().unwrap()).collect::<Vec<_>>(), ["app/serve", "app/lib/x"]);
    let guess = path.replace(path.rsplit('.').next().unwrap(), &"0".repeat(32));
    assert_eq!(api.get(&guess).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_no_slug_can_be_made_of_is_refused() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let link = |kind, target: &str| {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        tar.append_link(&mut header, "app/x", target).unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        tar.append_data(&mut header, "app/x/passwd", std::io::empty()).unwrap();
        gzip(&tar.into_inner().unwrap())
    };
    for (archive, why) in [
        (b"no archive".to_vec(), "The slug cannot be taken: "),
        (archive(&[("lib/x", "x")]), "it holds nothing under ./app"),
        (
            archive(&[("app/../../etc/passwd", "x")]),
            "app/../../etc/passwd cannot be in a slug: its path leaves the app",
        ),
        (archive(&[("app/.wh.x", "x")]), "app/.wh.x cannot be in a slug: image layers"),
        (archive(&[("app", "x")]), "app cannot be in a slug: it is no directory"),
        (link(tar::EntryType::Symlink, "/etc"), "app/x/passwd cannot be in a slug: it lies under a symbolic link"),
        (link(tar::EntryType::Link, "etc/passwd"), "app/x cannot be in a slug: it links out of the app"),
        (link(tar::EntryType::Char, "x"), "app/x cannot be in a slug: it is neither a file"),
    ] {
        let slug = announce(&api, json!({})).await;
        let refused = put(&api, &slug["blob"]["url"], archive).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}: {}", refused.text);
        assert!(refused.json()["message"].as_str().unwrap().contains(why), "{why}: {}", refused.text);
    }
    let slug = announce(&api, json!({"checksum": format!("SHA256:{}", "0".repeat(64))})).await;
    let refused = put(&api, &slug["blob"]["url"], archive(&[("app/x", "x")])).await;
    assert!(refused.json()["message"].as_str().unwrap().contains("its checksum is sha256:"), "{}", refused.text);
}

#[tokio::test]
async fn a_slug_needs_types_with_commands_and_a_stack_that_there_is() {
    let api = Api::new().await;
    api.app("example").await;
    for body in [
        json!({}),
        json!({"process_types": {}}),
        json!({"process_types": {"web": ""}}),
        json!({"process_types": {"a b": "x"}}),
        json!({"process_types": {"web": "x"}, "stack": "cedar-14"}),
        json!({"process_types": {"web": "x"}, "checksum": "SHA256:00"}),
    ] {
        let refused = api.post("/apps/example/slugs", body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", refused.text);
    }
}
