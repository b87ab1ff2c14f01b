//! Every link of Heroku's that is served gives a good answer to somebody, and each of those answers is held to what
//! Heroku's API says (`schema.rs`).

use axum::http::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::{
    keys::KEY,
    oauth_clients::{client, code},
    schema::links,
    support::{Answer, Api, path_of, until},
};

#[tokio::test]
async fn every_served_link_was_seen_to_answer() {
    let api = Api::new().await;
    of_the_account(&api).await;
    of_tokens(&api).await;
    of_the_platform(&api).await;
    of_sharing(&api).await;
    of_the_edges(&api).await;
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
    let key = good(api.post("/account/keys", json!({"public_key": KEY})).await);
    let key = format!("/account/keys/{}", text(&key["id"]));
    for path in [
        "/account",
        "/account/rate-limits",
        "/account/features",
        "/account/keys",
        &key,
        "/users/~",
        "/users/~/apps",
        "/users/~/preferences",
    ] {
        good(api.get(path).await);
    }
    good(api.patch("/account", json!({"name": "Owner"})).await);
    good(api.patch("/users/~", json!({"name": "Owner"})).await);
    good(api.patch("/users/~/preferences", json!({"timezone": "UTC"})).await);
}

async fn of_tokens(api: &Api) {
    let made = good(api.post("/oauth/authorizations", json!({"description": "robot"})).await);
    let path = format!("/oauth/authorizations/{}", text(&made["id"]));
    good(api.get("/oauth/authorizations").await);
    good(api.get(&path).await);
    good(api.patch(&path, json!({"description": "machine"})).await);
    good(api.post(&format!("{path}/actions/regenerate-tokens"), json!({})).await);
    good(api.delete(&path).await);

    let client = client(api).await;
    let path = format!("/oauth/clients/{}", text(&client["id"]));
    good(api.get("/oauth/clients").await);
    good(api.get(&path).await);
    let grant = json!({"code": code(api, &client).await, "type": "authorization_code"});
    let body = json!({"client": {"secret": client["secret"]}, "grant": grant, "refresh_token": {}});
    let token = good(api.post("/oauth/tokens", body).await);
    let access = SecretString::from(text(&token["access_token"]["token"]));
    let own = format!("/oauth/tokens/{}", text(&token["id"]));
    let ended = api.call_as(&access, Method::DELETE, &own, json!({})).await;
    // What a web app was given is ended by the person who gave it.
    assert!(ended.status == StatusCode::FORBIDDEN, "{}", ended.text);
    let person = api.log_in("ann@example.com", "correct horse", None).await.json();
    let person = SecretString::from(text(&person["access_token"]["token"]));
    good(api.call_as(&person, Method::DELETE, &own, json!({})).await);
    good(api.patch(&path, json!({"name": "Other"})).await);
    good(api.post(&format!("{path}/actions/rotate-credentials"), json!({})).await);
    good(api.delete(&path).await);

    good(api.post("/password-resets", json!({"email": "ann@example.com"})).await);
    let link = good(api.post("/accounts/ann@example.com/password-resets", json!({})).await);
    let secret = path_of(&link["url"]).rsplit('/').next().unwrap().to_owned();
    let body = json!({"password": "battery staple", "password_confirmation": "battery staple"});
    good(api.post(&format!("/password-resets/{secret}/actions/finalize"), body).await);
    for (email, path) in [("ann@example.com", "/account"), ("bob@example.com", "/users/~")] {
        let token = match email {
            "ann@example.com" => {
                let login = api.log_in(email, "battery staple", None).await.json();
                SecretString::from(text(&login["access_token"]["token"]))
            }
            _ => api.person(email, "battery staple").await,
        };
        good(api.call_as(&token, Method::DELETE, path, json!({"password": "battery staple"})).await);
    }
}

async fn of_sharing(api: &Api) {
    good(api.post("/apps", json!({"name": "shared"})).await);
    let (_, token) = api.test.tenant("tenant@example.com").await;
    good(api.post("/apps/shared/collaborators", json!({"user": "tenant@example.com"})).await);
    good(api.get("/apps/shared/collaborators").await);
    good(api.get("/apps/shared/collaborators/tenant@example.com").await);
    good(api.delete("/apps/shared/collaborators/tenant@example.com").await);
    good(api.post("/filters/apps", json!({"in": {"name": ["shared"]}})).await);
    let offer = json!({"app": "shared", "recipient": "tenant@example.com"});
    let transfer = good(api.post("/account/app-transfers", offer.clone()).await);
    let path = format!("/account/app-transfers/{}", text(&transfer["id"]));
    good(api.get("/account/app-transfers").await);
    good(api.get(&path).await);
    good(api.delete(&path).await);
    let transfer = good(api.post("/account/app-transfers", offer).await);
    let path = format!("/account/app-transfers/{}", text(&transfer["id"]));
    good(api.call_as(&token, Method::PATCH, &path, json!({"state": "accepted"})).await);
}

async fn of_the_edges(api: &Api) {
    good(api.post("/apps", json!({"name": "edges"})).await);
    let made = rcgen::generate_simple_self_signed(vec!["www.example.com".to_owned()]).unwrap();
    let pair = json!({"certificate_chain": made.cert.pem(), "private_key": made.signing_key.serialize_pem()});
    let endpoint = good(api.post("/apps/edges/sni-endpoints", pair.clone()).await);
    let endpoint = format!("/apps/edges/sni-endpoints/{}", text(&endpoint["name"]));
    good(api.post("/apps/edges/domains", json!({"hostname": "www.example.com", "sni_endpoint": null})).await);
    let domain = "/apps/edges/domains/www.example.com";
    good(api.get(domain).await);
    good(api.patch(domain, json!({"sni_endpoint": null})).await);
    good(api.delete(domain).await);
    good(api.get(&endpoint).await);
    good(api.patch(&endpoint, pair).await);
    good(api.delete(&endpoint).await);
    good(api.delete("/apps/edges/acm").await);
    let drain = good(api.post("/apps/edges/log-drains", json!({"url": "syslog://logs.example.com:514"})).await);
    let drain = format!("/apps/edges/log-drains/{}", text(&drain["id"]));
    good(api.get(&drain).await);
    good(api.delete(&drain).await);
    let feature = "/apps/edges/features/runtime-dyno-metadata";
    good(api.get(feature).await);
    good(api.patch(feature, json!({"enabled": true})).await);
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
    let build = format!("/apps/example/builds/{}", text(&build["id"]));
    good(api.get(&build).await);
    good(api.delete(&build).await);
    let cache = api.delete("/apps/example/build-cache").await;
    assert!(cache.status.is_success(), "{}", cache.text);
    good(api.post("/apps/example/slugs", json!({"process_types": {"web": "./serve"}})).await);
    let mut setup = uploaded(api).await;
    setup.as_object_mut().unwrap().insert("app".to_owned(), json!({"name": "set-up"}));
    let setup = good(api.post("/app-setups", setup).await);
    good(api.get(&format!("/app-setups/{}", text(&setup["id"]))).await);
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

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "it is given what a call returns")]
fn good(answer: Answer) -> Value {
    let is_good = answer.status.is_success() && answer.status != StatusCode::NO_CONTENT;
    assert!(is_good, "{} {}", answer.status, answer.text);
    answer.json()
}
