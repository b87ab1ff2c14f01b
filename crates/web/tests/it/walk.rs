//! Every link of Heroku's that is served gives a good answer to somebody, and each of those answers is held to what
//! Heroku's API says (`schema.rs`).

use axum::http::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::{
    schema::links,
    support::{Answer, Api, until},
};

#[tokio::test]
async fn every_served_link_was_seen_to_answer() {
    let api = Api::new().await;
    of_the_account(&api).await;
    of_the_platform(&api).await;
    of_an_app(&api).await;
    let missing: Vec<String> = links()
        .iter()
        .filter(|link| !link.is_refused())
        .filter_map(|link| Some((link, link.endpoint()?)))
        .filter(|(link, path)| !api.answered.lock().unwrap().contains(&(link.method.to_string(), path)))
        .map(|(link, _)| format!("{} ({} of {})", link.name(), link.title, link.resource))
        .collect();
    assert!(missing.is_empty(), "call each of these here once, so that its answer is checked:\n{}", missing.join("\n"));
}

async fn of_the_account(api: &Api) {
    for path in ["/account", "/account/rate-limits", "/account/features", "/account/keys", "/users/~/apps"] {
        good(api.get(path).await);
    }
}

async fn of_the_platform(api: &Api) {
    for path in ["/stacks", "/stacks/debian-13", "/regions", "/regions/local", "/dyno-sizes", "/dyno-sizes/eco"] {
        good(api.get(path).await);
    }
    for path in ["/addons", "/addon-attachments", "/pipelines", "/spaces", "/teams"] {
        good(api.get(path).await);
    }
    good(api.post("/sources", json!({})).await);
    good(api.get("/apps").await);
}

async fn of_an_app(api: &Api) {
    good(api.post("/apps", json!({"name": "example"})).await);
    good(api.patch("/apps/example", json!({"maintenance": false})).await);
    good(api.patch("/apps/example/config-vars", json!({"GREETING": "hello"})).await);
    let buildpacks = json!({"updates": [{"buildpack": "heroku/nodejs"}]});
    good(api.call(Method::PUT, "/apps/example/buildpack-installations", buildpacks).await);
    good(api.post("/apps/example/log-sessions", json!({"tail": false})).await);
    good(api.post("/apps/example/sources", json!({})).await);
    let app =
        paas_control::ops::apps::find(&api.test.control, &api.test.owner, "example", &[paas_model::Permission::View]);
    let app = app.await.unwrap();
    api.test.deploy(&app, &[("web", "serve")]).await;
    let loops = api.test.start();
    until("web.1 is up", async || api.get("/apps/example/dynos/web.1").await.json()["state"] == "up").await;
    api.test.stop(loops).await;
    good(api.patch("/apps/example/formation", json!({"updates": [{"type": "web", "quantity": 1}]})).await);
    good(api.patch("/apps/example/formation/web", json!({"quantity": 1})).await);
    for list in [
        "",
        "/available-dyno-sizes",
        "/available-stacks",
        "/builds",
        "/buildpack-installations",
        "/collaborators",
        "/config-vars",
        "/domains",
        "/dynos",
        "/features",
        "/formation",
        "/formation/web",
        "/log-drains",
        "/releases",
        "/sni-endpoints",
        "/addons",
        "/addon-attachments",
        "/webhooks",
    ] {
        good(api.get(&format!("/apps/example{list}")).await);
    }
    let build = good(api.post("/apps/example/builds", uploaded(api).await).await);
    good(api.get(&format!("/apps/example/builds/{}", build["id"].as_str().unwrap())).await);
    let release = good(api.get("/apps/example/releases/4").await);
    good(api.get("/apps/example/releases/4/config-vars").await);
    let slug = release["slug"]["id"].clone();
    good(api.get(&format!("/apps/example/slugs/{}", slug.as_str().unwrap())).await);
    good(api.post("/apps/example/releases", json!({"release": release["id"]})).await);
    good(api.post("/apps/example/releases", json!({"slug": slug})).await);
    good(api.post("/apps/example/dynos", json!({"command": "ls"})).await);
    for path in ["/dynos/web.1/actions/stop", "/formations/web/actions/stop"] {
        good(api.post(&format!("/apps/example{path}"), json!({})).await);
    }
    for path in ["/formations/web", "/dynos/web.1", "/dynos", ""] {
        good(api.delete(&format!("/apps/example{path}")).await);
    }
}

/// The body for a build of what was uploaded, without a registry that it would be in.
async fn uploaded(api: &Api) -> Value {
    let (source, secret) = paas_control::ops::sources::create(&api.test.control, &api.test.owner).await.unwrap();
    let digest = format!("sha256:{}", "0".repeat(64));
    paas_db::sources::set_blob(api.test.control.db.pool(), source, &digest, 1).await.unwrap();
    json!({"source_blob": {"url": format!("https://localhost:5443/sources/{}", secret.expose_secret())}})
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "it is given what a call returns")]
fn good(answer: Answer) -> Value {
    let is_good = answer.status.is_success() && answer.status != StatusCode::NO_CONTENT;
    assert!(is_good, "{} {}", answer.status, answer.text);
    answer.json()
}
