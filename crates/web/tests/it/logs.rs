use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode, header, request::Builder},
};
use paas_db::apps::App;
use paas_web::WebConfig;
use serde_json::{Value, json};

use crate::support::{Api, path_of};

async fn written() -> (Api, App) {
    let api = Api::with(WebConfig { keep_alive: Duration::from_millis(50), ..WebConfig::default() }).await;
    let app = api.app("example").await;
    api.test.control.logs.app_event(app.id, "web.1", "hello");
    api.test.control.logs.heroku_event(app.id, "web.1", "State changed from starting to up");
    (api, app)
}

async fn session(api: &Api, body: Value) -> String {
    let made = api.post("/apps/example/log-sessions", body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    path_of(&made.json()["logplex_url"])
}

fn events(path: &str) -> Builder {
    Request::get(path).header(header::ACCEPT, "text/event-stream")
}

#[tokio::test]
async fn without_tail_the_last_lines_come_and_the_stream_ends() {
    let (api, _) = written().await;
    let path = session(&api, json!({"lines": 2})).await;
    let answer = api.send(Request::get(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let lines: Vec<_> = answer.text.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(lines, ["app[web.1]: hello", "heroku[web.1]: State changed from starting to up"]);
}

#[tokio::test]
async fn a_client_that_accepts_events_gets_events() {
    let (api, _) = written().await;
    let path = session(&api, json!({"lines": 1, "dyno": "web", "source": "app"})).await;
    let answer = api.send(events(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let (id, data) = answer.text.strip_suffix("\n\n").unwrap().split_once('\n').unwrap();
    assert!(id.strip_prefix("id: ").unwrap().parse::<i64>().is_ok(), "{id}");
    assert!(data.starts_with("data: 20") && data.ends_with("+00:00 app[web.1]: hello"), "{data}");
}

#[tokio::test]
async fn a_tail_shows_new_lines_and_signs_of_life() {
    let (api, app) = written().await;
    let path = session(&api, json!({"lines": 1, "tail": true})).await;
    let (status, _, mut pieces) = api.open(events(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    pieces.until("State changed from starting to up").await;
    pieces.until("\n:\n\n").await;
    api.test.control.logs.app_event(app.id, "web.1", "later");
    pieces.until("app[web.1]: later\n\n").await;
    assert_eq!(api.delete("/apps/example").await.status, StatusCode::OK);
    pieces.rest().await;
}

#[tokio::test]
async fn a_reader_that_comes_back_goes_on_where_it_was() {
    let (api, app) = written().await;
    let path = session(&api, json!({"lines": 1, "tail": true})).await;
    let (_, _, mut pieces) = api.open(events(&path).body(Body::empty()).unwrap()).await;
    let seen = pieces.until("\n\n").await;
    let id = seen.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    drop(pieces);
    for line in ["one", "two", "three"] {
        api.test.control.logs.app_event(app.id, "web.1", line);
    }
    let (_, _, mut pieces) = api.open(events(&path).header("last-event-id", id).body(Body::empty()).unwrap()).await;
    let seen = pieces.until("three").await;
    let lines: Vec<_> = seen.lines().filter_map(|line| line.split_once("app[web.1]: ")).map(|(_, text)| text).collect();
    assert_eq!(lines, ["one", "two", "three"]);
    assert!(!seen.contains("State changed"), "{seen}");
}

#[tokio::test]
async fn a_session_needs_its_secret_and_a_source_that_exists() {
    let (api, _) = written().await;
    let answer = api.send(events("/streams/logs/guessed").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let refused = api.post("/apps/example/log-sessions", json!({"source": "kernel"})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}
