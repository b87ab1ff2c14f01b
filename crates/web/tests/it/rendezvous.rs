use std::time::Duration;

use paas_hosts::testing::Program;
use paas_web::rendezvous;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    task::JoinHandle,
};

use crate::support::{Api, until};

struct Run {
    api: Api,
    dyno: String,
    secret: String,
    _loops: JoinHandle<()>,
}

/// A dyno that runs `program` and waits for its client.
async fn run(program: Program) -> Run {
    let api = Api::new().await;
    let app = api.app("example").await;
    api.test.engine.program("task", program);
    api.test.deploy(&app, &[("web", "serve")]).await;
    let loops = api.test.start();
    let body = json!({"command": "task", "attach": true, "force_no_tty": true});
    let made = api.post("/apps/example/dynos", body).await.json();
    let url = made["attach_url"].as_str().unwrap();
    let secret = url.strip_prefix("rendezvous://localhost:5443/").unwrap().to_owned();
    let dyno = format!("/apps/example/dynos/{}", made["id"].as_str().unwrap());
    Run { api, dyno, secret, _loops: loops }
}

impl Run {
    fn connect(&self) -> (DuplexStream, JoinHandle<()>) {
        let (client, server) = tokio::io::duplex(64 << 10);
        (client, tokio::spawn(rendezvous::serve(self.api.test.control.clone(), server)))
    }
}

async fn greeting(client: &mut DuplexStream) -> String {
    let mut line = vec![0; "rendezvous\r\n".len()];
    client.read_exact(&mut line).await.unwrap();
    String::from_utf8(line).unwrap()
}

async fn rest(client: &mut DuplexStream) -> String {
    let mut text = String::new();
    let read = client.read_to_string(&mut text);
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("the stream ends").unwrap();
    text
}

#[tokio::test]
async fn bytes_go_both_ways_until_the_process_ends() {
    let run = run(Program::echoes()).await;
    let (mut client, server) = run.connect();
    client.write_all(format!("{}\r\n", run.secret).as_bytes()).await.unwrap();
    assert_eq!(greeting(&mut client).await, "rendezvous\r\n");
    client.write_all(b"h\xc3\xa9llo\n\x04").await.unwrap();
    assert_eq!(rest(&mut client).await, "héllo\n");
    drop(client);
    server.await.unwrap();
    until("its end is known", async || run.api.get(&run.dyno).await.json()["exit_code"] == 0).await;
}

#[tokio::test]
async fn a_secret_may_come_without_a_line_end_and_with_input_behind_it() {
    let run = run(Program::echoes()).await;
    let (mut client, _server) = run.connect();
    client.write_all(format!("{}at once\x04", run.secret).as_bytes()).await.unwrap();
    assert_eq!(greeting(&mut client).await, "rendezvous\r\n");
    assert_eq!(rest(&mut client).await, "at once");
}

#[tokio::test]
async fn a_client_that_goes_away_hangs_its_dyno_up() {
    let run = run(Program::runs().printing("ready")).await;
    let (mut client, _server) = run.connect();
    client.write_all(run.secret.as_bytes()).await.unwrap();
    greeting(&mut client).await;
    let mut line = [0; 6];
    client.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"ready\n");
    drop(client);
    until("it has ended", async || run.api.get(&run.dyno).await.json()["exit_code"].is_number()).await;
}

#[tokio::test]
async fn a_secret_works_once() {
    let run = run(Program::echoes()).await;
    let (mut first, _server) = run.connect();
    first.write_all(run.secret.as_bytes()).await.unwrap();
    greeting(&mut first).await;
    first.write_all(b"here").await.unwrap();
    let mut echo = [0; 4];
    first.read_exact(&mut echo).await.unwrap();
    let (mut second, _server) = run.connect();
    second.write_all(run.secret.as_bytes()).await.unwrap();
    greeting(&mut second).await;
    assert_eq!(rest(&mut second).await, " !    Couldn't find that dyno.\r\n");
}

#[tokio::test]
async fn what_is_no_secret_gets_no_answer() {
    let api = Api::new().await;
    let (mut client, server) = tokio::io::duplex(1024);
    let server = tokio::spawn(rendezvous::serve(api.test.control.clone(), server));
    client.write_all(&[b'x'; 54]).await.unwrap();
    assert_eq!(rest(&mut client).await, "");
    server.await.unwrap();
}
