use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use paas_web::Access;
use uuid::Uuid;

use crate::support::{Api, request};

/// The path with something in every variable part.
fn filled(path: &str, app: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{app}" => app.to_owned(),
        "{user}" => "~".to_owned(),
        part if part.starts_with('{') => Uuid::from_u128(1).to_string(),
        part => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_endpoint_refuses_a_stranger() {
    let api = Api::new().await;
    api.app("example").await;
    for (method, path, access) in paas_web::endpoints() {
        let answer =
            api.send(request(method.clone(), &filled(path, "example"), None).body(Body::empty()).unwrap()).await;
        let want = match access {
            // Anybody may call it; without what it asks for, it says so.
            Access::Open if answer.status == StatusCode::UNPROCESSABLE_ENTITY => answer.status,
            Access::Open if method == Method::POST && path == "/auth" => StatusCode::CREATED,
            Access::Open => StatusCode::OK,
            Access::Secret => StatusCode::NOT_FOUND,
            Access::Account | Access::App(_) | Access::Owner => StatusCode::UNAUTHORIZED,
            Access::Machine => StatusCode::FORBIDDEN,
        };
        assert_eq!(answer.status, want, "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn only_what_has_to_be_is_open() {
    let open: Vec<String> = paas_web::endpoints()
        .into_iter()
        .filter(|(_, _, access)| matches!(access, Access::Open | Access::Secret | Access::Machine))
        .map(|(method, path, access)| format!("{access:?} {method} {path}"))
        .collect();
    assert_eq!(
        open,
        [
            "Open POST /auth",
            "Secret GET /auth/browser/{secret}",
            "Secret POST /auth/browser/{secret}",
            "Secret GET /auth/cli/{secret}",
            "Open GET /healthz",
            "Open GET /",
            "Secret GET /join/{secret}",
            "Secret POST /join/{secret}",
            "Open GET /hosts/join.sh",
            "Machine POST /hosts/join",
            "Machine POST /hosts/{host}/certificate",
            "Open GET /oauth/authorize",
            "Open POST /oauth/authorize",
            "Open POST /oauth/token",
            "Open POST /oauth/tokens",
            "Open POST /password-resets",
            "Secret POST /password-resets/{secret}/actions/finalize",
            "Secret GET /reset/{secret}",
            "Secret POST /reset/{secret}",
            "Secret PUT /sources/{secret}",
            "Secret GET /sources/{secret}",
            "Secret GET /streams/builds/{secret}",
            "Secret GET /streams/logs/{secret}",
            "Secret GET /streams/releases/{secret}",
        ]
    );
}

#[tokio::test]
async fn every_endpoint_of_an_app_refuses_another_tenant() {
    let api = Api::new().await;
    let app = api.app("example").await;
    let (_, token) = api.test.tenant("tenant@example.com").await;
    for (method, path, access) in paas_web::endpoints() {
        if !matches!(access, Access::App(_)) {
            continue;
        }
        for name in ["example", &app.id.to_string()] {
            let request = request(method.clone(), &filled(path, name), Some(&token));
            let answer = api.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}: {}", answer.text);
            assert_eq!(answer.json()["id"], "forbidden", "{method} {path}");
        }
    }
    assert_eq!(api.get("/apps/example").await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_endpoint_lets_its_owner_in() {
    let api = Api::new().await;
    let (tenant, token) = api.test.tenant("tenant@example.com").await;
    for (at, (method, path, access)) in paas_web::endpoints().into_iter().enumerate() {
        if !matches!(access, Access::Account | Access::App(_)) {
            continue;
        }
        // One each: some of the calls delete or rename it.
        let name = format!("example-{at}");
        let new = paas_control::ops::apps::NewApp { name: Some(name.clone()), stack: None };
        paas_control::ops::apps::create(&api.test.control, &tenant, new).await.unwrap();
        let answer =
            api.send(request(method.clone(), &filled(path, &name), Some(&token)).body(Body::empty()).unwrap()).await;
        let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&answer.status);
        let failed = answer.status.is_server_error() && answer.status != StatusCode::NOT_IMPLEMENTED;
        assert!(!refused && !failed, "{method} {path}: {} {}", answer.status, answer.text);
        let app_was_not_found = answer.status == StatusCode::NOT_FOUND && answer.json()["resource"] == "app";
        assert!(!app_was_not_found, "{method} {path}");
    }
}

#[tokio::test]
async fn hosts_and_pools_are_for_the_installations_owner() {
    let api = Api::new().await;
    let (_, token) = api.test.tenant("tenant@example.com").await;
    let ours = |path: &str| path.starts_with("/hosts") || path.starts_with("/pools");
    let mut seen = 0;
    for (method, path, access) in paas_web::endpoints() {
        assert!(access != Access::Account || !ours(path), "{method} {path}");
        if access != Access::Owner {
            continue;
        }
        seen += 1;
        let path = filled(path, "example");
        let refused = api.send(request(method.clone(), &path, Some(&token)).body(Body::empty()).unwrap()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{method} {path}: {}", refused.text);
        assert!(refused.json()["message"].as_str().unwrap().contains("owner"), "{}", refused.text);
        let owner = api.call(method.clone(), &path, serde_json::json!({})).await;
        let failed =
            owner.status.is_server_error() || [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&owner.status);
        assert!(!failed, "{method} {path}: {} {}", owner.status, owner.text);
    }
    assert!(seen >= 6, "{seen}");
}

#[tokio::test]
async fn a_machines_secret_opens_nothing_with_an_accounts_token() {
    let api = Api::new().await;
    for (method, path, access) in paas_web::endpoints() {
        if access != Access::Machine {
            continue;
        }
        let answer = api.call(method.clone(), &filled(path, "example"), serde_json::json!({})).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_unknown_app_is_not_found_on_every_endpoint() {
    let api = Api::new().await;
    for (method, path, access) in paas_web::endpoints() {
        if !matches!(access, Access::App(_)) {
            continue;
        }
        let answer = api.call(method.clone(), &filled(path, "nobodys-app"), serde_json::json!({})).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.json()["message"], "Couldn't find that app.", "{method} {path}");
    }
}

#[tokio::test]
async fn another_tenants_apps_are_not_listed() {
    let api = Api::new().await;
    api.app("example").await;
    let (_, token) = api.test.tenant("tenant@example.com").await;
    for path in ["/apps", "/users/~/apps"] {
        let answer = api.send(request(Method::GET, path, Some(&token)).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "[]"), "{path}");
    }
    let path = "/users/owner@example.com/apps";
    let answer = api.send(request(Method::GET, path, Some(&token)).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
