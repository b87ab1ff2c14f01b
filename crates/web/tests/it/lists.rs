use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::Api;

#[tokio::test]
async fn buildpacks_are_replaced_as_a_whole() {
    let api = Api::new().await;
    api.app("example").await;
    let path = "/apps/example/buildpack-installations";
    let body = json!({"updates": [{"buildpack": "heroku/nodejs"}, {"buildpack": "https://example.com/a.git"}]});
    let set = api.call(Method::PUT, path, body).await.json();
    let want = json!([
        {"buildpack": {"name": "heroku/nodejs", "url": "urn:buildpack:heroku/nodejs"}, "ordinal": 0},
        {"buildpack": {"name": "https://example.com/a.git", "url": "https://example.com/a.git"}, "ordinal": 1},
    ]);
    assert_eq!((&set, &api.get(path).await.json()), (&want, &want));
    let refused = api.call(Method::PUT, path, json!({"updates": [{"buildpack": "heroku/cobol"}]})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(api.call(Method::PUT, path, json!({"updates": []})).await.text, "[]");
}

#[tokio::test]
async fn apps_come_by_name_in_pages() {
    let api = Api::new().await;
    for name in ["charlie", "alpha", "bravo"] {
        api.app(name).await;
    }
    let names = |answer: &crate::support::Answer| {
        answer.json().as_array().unwrap().iter().map(|app| app["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = api.range("/users/~/apps", "name ..; max=2").await;
    assert_eq!((first.status, names(&first)), (StatusCode::PARTIAL_CONTENT, vec!["alpha".into(), "bravo".into()]));
    let next = first.header("next-range").unwrap();
    assert_eq!(next, "name ]bravo..; max=2");
    assert_eq!(names(&api.range("/apps", next).await), ["charlie"]);
    assert_eq!(api.range("/apps", "id ..; max=1000;").await.header("next-range"), None);
}
