use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Answer, Api, request, stable};

async fn as_tenant(api: &Api, token: &secrecy::SecretString, method: Method, path: &str, body: Value) -> Answer {
    api.send(request(method, path, Some(token)).body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn an_app_says_where_it_may_go_and_how_releases_take_over() {
    let api = Api::new().await;
    api.app("example").await;
    let path = "/apps/example/placement";
    assert_eq!(api.get(path).await.json(), json!({"canary_seconds": null, "health_path": null, "labels": {}}));
    let body = json!({"canary_seconds": 30, "health_path": "/health?full=1", "labels": {"dedicated": "shop"}});
    assert_eq!(api.patch(path, body.clone()).await.json(), body);
    assert_eq!(api.get(path).await.json(), body);
    let off = api.patch(path, json!({"canary_seconds": 0, "health_path": ""})).await.json();
    assert_eq!(off, json!({"canary_seconds": null, "health_path": null, "labels": {"dedicated": "shop"}}));
    for (body, words) in [
        (json!({"canary_seconds": 3_601}), "at most 3600"),
        (json!({"canary_seconds": "soon"}), "canary_seconds is wrong"),
        (json!({"health_path": "health"}), "is not a path"),
        (json!({"health_path": "/a\r\nHost: evil"}), "is not a path"),
        (json!({"health_path": format!("/{}", "x".repeat(1_000))}), "is not a path"),
        (json!({"labels": {"a b": "c"}}), "is not a label"),
    ] {
        let refused = api.patch(path, body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", refused.text);
        assert!(refused.json()["message"].as_str().unwrap().contains(words), "{body}: {}", refused.text);
    }
    assert_eq!(api.get(path).await.json(), off);
}

#[tokio::test]
async fn only_the_installations_owner_gives_an_app_labels() {
    let api = Api::new().await;
    let (tenant, token) = api.test.tenant("tenant@example.com").await;
    let new = paas_control::ops::apps::NewApp { name: Some("theirs".to_owned()), stack: None };
    paas_control::ops::apps::create(&api.test.control, &tenant, new).await.unwrap();
    let path = "/apps/theirs/placement";
    let set = as_tenant(&api, &token, Method::PATCH, path, json!({"canary_seconds": 5})).await;
    assert_eq!((set.status, &set.json()["canary_seconds"]), (StatusCode::OK, &json!(5)));
    let refused = as_tenant(&api, &token, Method::PATCH, path, json!({"labels": {"dedicated": "me"}})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert_eq!(api.patch(path, json!({"labels": {"dedicated": "me"}})).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_placement_is_explained_host_by_host() {
    let api = Api::new().await;
    let app = api.app("example").await;
    api.test.deploy(&app, &[("web", "serve")]).await;
    api.host("first").await;
    api.host("second").await;
    api.post("/hosts/second/actions/drain", json!({})).await;
    let all = api.get("/apps/example/explain?size=performance-m").await;
    stable(|| assert_snapshot!("explanation", all.shown()));
    let one = api.get("/hosts/second/explain?app=example").await.json();
    assert_eq!((one["hosts"].as_array().unwrap().len(), &one["size"]), (1, &json!("Standard-1X")));
    assert!(one["hosts"][0]["reason"].as_str().unwrap().contains("it is draining"), "{one}");
    for (path, status) in [
        ("/hosts/second/explain", StatusCode::UNPROCESSABLE_ENTITY),
        ("/hosts/third/explain?app=example", StatusCode::NOT_FOUND),
        ("/hosts/second/explain?app=nope", StatusCode::NOT_FOUND),
        ("/apps/example/explain?size=huge", StatusCode::UNPROCESSABLE_ENTITY),
        ("/apps/example/explain?type=NO%20TYPE", StatusCode::NOT_FOUND),
        ("/apps/example/explain?dyno=web.7", StatusCode::NOT_FOUND),
        ("/apps/example/explain?dyno=..", StatusCode::NOT_FOUND),
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
    }
}
