use std::time::Duration;

use axum::http::{Method, StatusCode};
use paas_db::host_shells;
use paas_hosts::testing::Program;
use paas_web::rendezvous;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    task::JoinHandle,
};

use crate::support::{Api, until};

/// A host whose engine has the image of shells.
async fn with_host() -> Api {
    let api = Api::new().await;
    let db = api.test.control.db.pool();
    paas_db::hosts::enter(db, paas_db::new_id(), "local", "unix:///fake", 1_000, 2).await.unwrap();
    let image = api.test.control.settings.stacks[0].published(&api.test.control.registry);
    api.test.engine.add_image(&image);
    api
}

/// The shell's path and its secret.
async fn open(api: &Api, command: &[&str]) -> (String, String) {
    let made = api.post("/hosts/local/shells", json!({"command": command})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let secret = made.json()["attach_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    (format!("/hosts/local/shells/{}", made.json()["id"].as_str().unwrap()), secret)
}

async fn connect(api: &Api, secret: &str) -> (DuplexStream, JoinHandle<()>) {
    let (mut client, server) = tokio::io::duplex(64 << 10);
    let server = tokio::spawn(rendezvous::serve(api.test.control.clone(), server));
    client.write_all(format!("{secret}\r\n").as_bytes()).await.unwrap();
    let mut line = vec![0; "rendezvous\r\n".len()];
    client.read_exact(&mut line).await.unwrap();
    (client, server)
}

async fn rest(client: &mut DuplexStream) -> String {
    let mut text = String::new();
    let read = client.read_to_string(&mut text);
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("the stream ends").unwrap();
    text
}

#[tokio::test]
async fn a_root_shell_is_attached_to_once_and_leaves_its_status() {
    let api = with_host().await;
    api.test.engine.program("cat", Program::echoes());
    let (path, secret) = open(&api, &["cat"]).await;
    let (mut client, server) = connect(&api, &secret).await;
    client.write_all(b"hello\n\x04").await.unwrap();
    assert!(rest(&mut client).await.contains("hello"));
    drop(client);
    server.await.unwrap();
    let shown = api.get(&path).await.json();
    assert_eq!((&shown["exit_code"], &shown["attach_url"]), (&json!(0), &json!(null)));
    assert!(shown["ended_at"].is_string());
    let (mut again, _server) = connect(&api, &secret).await;
    assert_eq!(rest(&mut again).await, " !    Couldn't find that dyno.\r\n");
}

#[tokio::test]
async fn a_client_that_goes_takes_the_shell_along() {
    let api = with_host().await;
    api.test.engine.program("cat", Program::echoes());
    let (path, secret) = open(&api, &["cat"]).await;
    let (client, server) = connect(&api, &secret).await;
    drop(client);
    server.await.unwrap();
    assert!(api.get(&path).await.json()["ended_at"].is_string());
    let name = paas_hosts::ContainerName(format!("shell-{}", path.rsplit('/').next().unwrap()));
    until("the container is gone", async || {
        let engine: &dyn paas_hosts::Engine = &api.test.engine;
        engine.inspect(&name).await.unwrap().is_none()
    })
    .await;
}

#[tokio::test]
async fn shells_that_cannot_be_are_refused() {
    let api = with_host().await;
    for (path, body, status) in [
        ("/hosts/nope/shells", json!({}), StatusCode::NOT_FOUND),
        ("/hosts/local/shells", json!({"command": "ls"}), StatusCode::UNPROCESSABLE_ENTITY),
        ("/hosts/local/shells", json!({"command": ["a\u{0}b"]}), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let answer = api.call(Method::POST, path, body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
    }
    let (path, _) = open(&api, &[]).await;
    api.host("other").await;
    let elsewhere = path.replace("local", "other");
    assert_eq!(api.get(&elsewhere).await.json()["resource"], "shell");
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let db = api.test.control.db.pool();
    assert!(!host_shells::is_over(db, id, Duration::from_secs(60)).await.unwrap());
    assert!(host_shells::is_over(db, id, Duration::ZERO).await.unwrap(), "nobody has come");
}
