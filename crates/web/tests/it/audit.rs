use std::{net::SocketAddr, time::Duration};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, StatusCode},
};
use insta::assert_snapshot;
use paas_control::{
    ops::{self, accounts::Owner, audit::AuditFilter},
    testing::{TestControl, settings},
};
use paas_web::WebConfig;
use serde_json::{Value, json};

use crate::support::{Api, request, stable, until};

async fn events(api: &Api, path: &str) -> Vec<Value> {
    let answer = api.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json().as_array().unwrap().clone()
}

/// What each event says, on a line.
async fn told(api: &Api, path: &str) -> Vec<String> {
    let line = |event: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let (who, app) = (text(&event["user"]["email"]), text(&event["app"]["name"]));
        format!("{who} {} {app} {} {}", text(&event["action"]), event["status"], event["detail"])
    };
    events(api, path).await.iter().map(line).collect()
}

#[tokio::test]
async fn an_event_tells_who_did_what_with_which_token_and_no_values() {
    let api = Api::new().await;
    api.post("/apps", json!({"name": "example"})).await;
    api.patch("/apps/example/config-vars", json!({"SECRET": "hunter2", "LANG": "C"})).await;
    let answer = api.get("/audit").await;
    assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    stable(|| assert_snapshot!("audit", answer.shown()));
}

#[tokio::test]
async fn a_write_without_an_account_is_told_though_the_client_hung_up() {
    let api = Api::new().await;
    let body = Body::from(json!({ "description": "a login" }).to_string());
    let mut begun = Box::pin(api.send(request(Method::POST, "/auth", None).body(body).unwrap()));
    assert!(futures::poll!(&mut begun).is_pending());
    drop(begun);
    let event = r#"- auth.create - 201 {"changed":["description"]}"#;
    until("the event is there", async || told(&api, "/audit").await == [event]).await;
}

#[tokio::test]
async fn every_write_is_told_and_no_read() {
    let api = Api::new().await;
    api.app("example").await;
    api.test.tenant("friend@example.com").await;
    api.get("/apps/example").await;
    api.post("/apps/example/log-sessions", json!({})).await;
    api.post("/filters/apps", json!({"in": {}})).await;
    api.post("/apps/example/collaborators", json!({"user": "friend@example.com", "permissions": ["view"]})).await;
    api.post("/apps/example/dynos/web.1/actions/stop", json!({})).await;
    api.patch("/apps/example", json!({"name": "renamed", "maintenance": true})).await;
    api.delete("/apps/renamed").await;
    assert_eq!(
        told(&api, "/audit").await,
        [
            r#"owner@example.com collaborator.create example 201 {"changed":["permissions","user"],"permissions":["view"],"user":"friend@example.com"}"#,
            r#"owner@example.com dyno.stop example 404 {"dyno":"web.1"}"#,
            r#"owner@example.com app.update example 200 {"changed":["maintenance","name"]}"#,
            r#"owner@example.com app.delete renamed 200 {}"#,
        ]
    );
}

#[tokio::test]
async fn what_is_refused_to_somebody_known_is_told_to_whoever_manages_the_app() {
    let api = Api::new().await;
    api.app("example").await;
    let (_, token) = api.test.tenant("stranger@example.com").await;
    for (method, path) in [(Method::DELETE, "/apps/example"), (Method::POST, "/hosts")] {
        let call = request(method, path, Some(&token)).body(Body::empty()).unwrap();
        assert_eq!(api.send(call).await.status, StatusCode::FORBIDDEN);
    }
    let unknown = request(Method::DELETE, "/apps/example", Some(&"HRKU-guessed".into())).body(Body::empty()).unwrap();
    assert_eq!(api.send(unknown).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(told(&api, "/apps/example/audit").await, ["stranger@example.com app.delete example 403 {}"]);
    assert_eq!(told(&api, "/audit").await.len(), 2);
}

/// The statuses of all events, of which there may be none yet.
async fn statuses(api: &Api) -> Vec<Option<i32>> {
    let (owner, filter) = (Owner::of(&api.test.owner).unwrap(), AuditFilter { limit: 10, ..AuditFilter::default() });
    let events = ops::audit::list(&api.test.control, &owner, &filter).await.unwrap();
    events.into_iter().map(|event| event.status).collect()
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_ended_in_the_audit_too() {
    let api = Api::with(WebConfig { answer_within: Duration::from_secs(3), ..WebConfig::default() }).await;
    let app = api.app("example").await;
    let mut other = api.test.control.db.begin().await.unwrap();
    assert!(paas_db::apps::lock(&mut other, app.id).await.unwrap());
    let answer = api.patch("/apps/example/config-vars", json!({"A": "1"})).await;
    assert_eq!((answer.status, statuses(&api).await), (StatusCode::SERVICE_UNAVAILABLE, vec![Some(503)]));
}

#[tokio::test]
async fn a_call_that_is_cut_off_leaves_an_event_without_a_status() {
    let api = Api::new().await;
    let app = api.app("example").await;
    let mut other = api.test.control.db.begin().await.unwrap();
    assert!(paas_db::apps::lock(&mut other, app.id).await.unwrap());
    tokio::select! {
        answer = api.patch("/apps/example/config-vars", json!({"A": "1"})) => panic!("{}", answer.text),
        () = until("the event is begun", || async { statuses(&api).await == [None] }) => {}
    }
    drop(other);
    assert_eq!(statuses(&api).await, [None]);
}

#[tokio::test]
async fn nothing_is_done_that_cannot_be_written_down() {
    let api = Api::new().await;
    api.app("example").await;
    let broken = "alter table audit_events add constraint broken check (action <> 'app.delete')";
    api.test.db.execute(broken).await;
    let refused = api.delete("/apps/example").await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", refused.text);
    assert_eq!(api.get("/apps/example").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_address_is_the_clients_behind_a_proxy_that_is_trusted_and_only_then() {
    for (trusted, want) in [("10.0.0.0/8", "203.0.113.5"), ("", "10.0.0.1")] {
        let mut settings = settings();
        settings.trusted_proxies = trusted.parse().unwrap();
        let test = TestControl::with(settings).await;
        let router = paas_web::router(test.control.clone(), WebConfig::default());
        let api = Api { test, router, answered: Default::default() };
        let call = api.as_owner(Method::POST, "/apps").header("x-forwarded-for", "6.6.6.6, 203.0.113.5");
        let peer: SocketAddr = "10.0.0.1:1234".parse().unwrap();
        api.send(call.extension(ConnectInfo(peer)).body(Body::empty()).unwrap()).await;
        assert_eq!(events(&api, "/audit").await[0]["remote_address"], want);
    }
}

#[tokio::test]
async fn events_come_in_pages_and_through_filters() {
    let api = Api::new().await;
    for name in ["alpha", "bravo", "charlie"] {
        api.post("/apps", json!({"name": name})).await;
    }
    api.delete("/apps/alpha").await;
    let names = |answer: &crate::support::Answer| {
        let all = answer.json().as_array().unwrap().clone();
        all.iter().map(|event| event["app"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let mut seen = Vec::new();
    let mut range = "id ..; max=2, order=desc".to_owned();
    loop {
        let page = api.range("/audit", &range).await;
        seen.push(names(&page));
        let Some(next) = page.header("next-range") else { break };
        next.clone_into(&mut range);
    }
    assert_eq!(seen, ["alpha charlie", "bravo alpha"]);
    for (query, want) in [
        ("action=app.delete", "alpha"),
        ("app=alpha", "alpha alpha"),
        ("app=bravo&user=owner@example.com", "bravo"),
        ("user=nobody@example.com", ""),
        ("since=2100-01-01T00:00:00Z", ""),
        ("until=2100-01-01T00:00:00Z&action=app.create", "alpha bravo charlie"),
        ("since=-262143-01-01T00:00:00Z&action=app.create", "alpha bravo charlie"),
        ("until=%2B262142-12-31T00:00:00Z&action=app.delete", "alpha"),
    ] {
        assert_eq!(names(&api.get(&format!("/audit?{query}")).await), want, "{query}");
    }
}
