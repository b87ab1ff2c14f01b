//! Names of buildpacks, as Heroku's CLI looks them up before it puts one on an app.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::{Value, json};

use crate::support::{Answer, Api, request};

/// The CLI sends this part without a token.
async fn without_token(api: &Api, path: &str) -> Answer {
    api.send(request(Method::GET, path, None).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_name_is_looked_up_and_what_is_found_goes_on_an_app() {
    let api = Api::new().await;
    api.app("example").await;
    let found = without_token(&api, "/buildpacks/heroku%2Fpython").await.json();
    assert_eq!(without_token(&api, "/buildpacks/heroku-community%2Fapt").await.json()["name"], "apt");
    let updates = json!({"updates": [{"buildpack": found["blob_url"]}]});
    let path = "/apps/example/buildpack-installations";
    let installed = api.call(Method::PUT, path, updates).await.json();
    assert_eq!(installed[0]["buildpack"]["name"], "heroku/python");

    for unknown in ["heroku%2Fcobol", "python", "other%2Fpython"] {
        let answer = without_token(&api, &format!("/buildpacks/{unknown}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}");
    }
    // What the CLI makes of that.
    let refused = api.call(Method::PUT, path, json!({"updates": [{}]})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("There is no such buildpack. Give heroku/ruby, heroku/nodejs"), "{}", refused.text);
}

#[tokio::test]
async fn a_search_gives_what_fits_all_that_was_asked() {
    let api = Api::new().await;
    let all =
        ["apt", "go", "java", "nginx", "nodejs", "pgbouncer", "php", "procfile", "python", "ruby", "rust", "static"];
    for (query, names) in [
        ("", &all[..]),
        ("?in[namespace][]=heroku", &all),
        ("?in[namespace][]=other", &[]),
        ("?in[name][]=python&in[name][]=cobol", &["python"]),
        ("?in%5Bname%5D%5B%5D=python", &["python"]),
        ("?in[namespace][]=heroku&like[description]=NODE", &["nodejs"]),
    ] {
        let found = without_token(&api, &format!("/buildpacks{query}")).await.json();
        let found: Vec<&str> = found.as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(found, names, "{query}");
    }
    let one = without_token(&api, "/buildpacks?in[name][]=nodejs").await.json();
    assert_eq!(one[0]["description"], Value::from("Node.js: comes with this platform"));
}
