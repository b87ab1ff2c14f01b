use axum::http::StatusCode;
use paas_model::ControllerId;
use serde_json::json;

use crate::support::{Api, stable};

const PATH: &str = "/apps/example/log-drains";

#[tokio::test]
async fn a_drain_is_found_by_id_token_and_url() {
    let api = Api::new().await;
    api.app("example").await;
    let url = "https://user:secret@logs.example.com/in?key=1";
    let hidden = ["secret", "/in", "key="];
    let made = api.post(PATH, json!({"url": url})).await;
    stable(|| insta::assert_snapshot!(made.shown()));
    let drain = made.json();
    let encoded = "https%3A%2F%2Fuser%3Asecret%40logs.example.com%2Fin%3Fkey%3D1";
    for identity in [drain["id"].as_str().unwrap(), drain["token"].as_str().unwrap(), encoded] {
        assert_eq!(api.get(&format!("{PATH}/{identity}")).await.text, made.text, "{identity}");
    }
    assert_eq!(api.get(PATH).await.json(), json!([drain]));
    assert_eq!(api.delete(&format!("{PATH}/{encoded}")).await.text, made.text);
    assert_eq!(api.get(&format!("{PATH}/{encoded}")).await.json()["resource"], "log_drain");

    // The log says where lines go, and not with which password or path.
    let log = api.test.control.logs.clone();
    log.flush().await;
    let app = paas_db::apps::by_name(api.test.control.db.pool(), &"example".to_owned().try_into().unwrap()).await;
    let lines = log.read(app.unwrap().unwrap().id, &Default::default(), 100).await.unwrap();
    let lines = lines.iter().map(|stored| stored.line.message.as_str()).collect::<Vec<_>>().join("\n");
    for done in ["Add", "Remove"] {
        assert!(lines.contains(&format!("{done} log drain https://logs.example.com by user")), "{lines}");
    }
    let events = api.get("/apps/example/audit").await.text;
    assert!(events.contains("log-drain.create") && events.contains("log-drain.delete"), "{events}");
    for hidden in hidden {
        assert!(!lines.contains(hidden) && !events.contains(hidden), "{hidden}: {lines} {events}");
    }
}

#[tokio::test]
async fn what_drains_cannot_go_to_is_refused() {
    let api = Api::new().await;
    api.app("example").await;
    for url in [
        "logs.example.com",
        "ftp://logs.example.com",
        "syslog://127.0.0.1:514",
        "syslog://127.1:514",
        "http://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://10.1.2.3/",
        "http://localhost:5432/",
        "https://[::ffff:192.168.1.1]/",
    ] {
        let answer = api.post(PATH, json!({"url": url})).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("Invalid drain destination: "), "{url}: {message}");
    }
    assert_eq!(api.post(PATH, json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_url_is_drained_to_once_and_five_are_the_most() {
    let api = Api::new().await;
    api.app("example").await;
    api.app("other").await;
    for number in 1..=5 {
        let url = format!("syslog://logs{number}.example.com:514");
        assert_eq!(api.post(PATH, json!({"url": url})).await.status, StatusCode::CREATED);
    }
    let one = json!({"url": "syslog://logs1.example.com:514"});
    let more = api.post(PATH, json!({"url": "syslog://logs6.example.com"})).await;
    assert_eq!(more.json()["message"], "You have already added the maximum number of drains allowed");
    api.delete(&format!("{PATH}/syslog%3A%2F%2Flogs5.example.com%3A514")).await;
    let again = api.post(PATH, one.clone()).await;
    assert_eq!((again.status, &again.json()["message"]), (StatusCode::CONFLICT, &json!("Already exists")));
    assert_eq!(api.post("/apps/other/log-drains", one).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_drain_that_comes_back_to_its_server_is_delivered_to_again() {
    let mut settings = paas_control::testing::settings();
    settings.drains.allow = vec!["127.0.0.0/8".parse().unwrap()];
    let api = Api::over(|control| control.settings = std::sync::Arc::new(settings)).await;
    let app = api.app("example").await;
    let receiver = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("syslog://{}", receiver.local_addr().unwrap());
    let loops = api.test.start();
    api.post(PATH, json!({"url": url})).await;
    let within = std::time::Duration::from_secs(20);
    for step in ["first", "second"] {
        api.test.control.logs.app_event(app.id, "api", step);
        let accepted = tokio::time::timeout(within, receiver.accept()).await;
        let mut lines = tokio::io::BufReader::new(accepted.expect("a connection in time").unwrap().0);
        let mut line = String::new();
        while !line.contains(step) {
            line.clear();
            tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut line).await.unwrap();
        }
        if step == "first" {
            api.test.db.execute("create table leases as select id, lease_id from log_drains").await;
            api.test.db.execute("update log_drains set lease_id = gen_random_uuid()").await;
            // Until the delivery has ended, and its connection with it.
            let mut rest = Vec::new();
            let ended = tokio::io::AsyncReadExt::read_to_end(&mut lines, &mut rest);
            tokio::time::timeout(within, ended).await.expect("an end in time").unwrap();
            let back = "update log_drains set lease_id = leases.lease_id from leases where leases.id = log_drains.id";
            api.test.db.execute(back).await;
        }
    }
    api.test.stop(loops).await;
}

#[tokio::test]
async fn a_servers_loops_deliver() {
    let mut settings = paas_control::testing::settings();
    settings.drains.allow = vec!["127.0.0.0/8".parse().unwrap()];
    let api = Api::over(|control| control.settings = std::sync::Arc::new(settings)).await;
    let app = api.app("example").await;
    let receiver = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("syslog://{}", receiver.local_addr().unwrap());
    let loops = api.test.start();
    let token = api.post(PATH, json!({"url": url})).await.json()["token"].as_str().unwrap().to_owned();
    api.test.control.logs.app_event(app.id, "api", "hello");
    let accepted = tokio::time::timeout(std::time::Duration::from_secs(20), receiver.accept());
    let (stream, _) = accepted.await.expect("a connection in time").unwrap();
    let mut lines = tokio::io::BufReader::new(stream);
    let mut line = String::new();
    while !line.contains("hello") {
        line.clear();
        tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut line).await.unwrap();
    }
    assert!(line.contains(&format!("{token} app api - - hello")), "{line}");
    // Given up when the server stops, for another to take at once.
    api.test.stop(loops).await;
    let db = &api.test.control.db;
    let taker: ControllerId = paas_db::new_id();
    let taken = paas_db::log_drains::claim(db.pool(), db.vault(), taker, std::time::Duration::from_secs(9), 9).await;
    assert_eq!(taken.unwrap().len(), 1);
}
