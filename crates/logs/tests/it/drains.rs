//! Deliveries to receivers that listen on real sockets.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use paas_db::{log_drains, new_id};
use paas_logs::{DrainPolicy, Drains, Filter};
use paas_model::{AppId, ControllerId, DrainId};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::world::{World, line, soon};

const TTL: Duration = Duration::from_secs(60);

#[tokio::test]
async fn syslog_lines_arrive_counted_and_in_order() {
    let (world, receiver) = (World::new().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let app = world.app("one-app").await;
    world.logs.write(app, line("web.1", "before the drain"));
    world.logs.flush().await;
    let token = drain(&world, app, &format!("syslog://{}", receiver.local_addr().unwrap())).await.1;
    let (delivery, _) = deliver(&world, &on_this_machine()).await;
    for message in ["first", "", "third ü"] {
        world.logs.write(app, line("web.1", message));
    }
    world.logs.flush().await;
    let (mut stream, _) = soon(receiver.accept()).await.unwrap();
    let mut shown = Vec::new();
    for _ in 0..3 {
        let frame = frame(&mut stream).await;
        let (head, rest) = frame.split_once(' ').unwrap();
        let (time, rest) = rest.split_once(' ').unwrap();
        assert!(head == "<190>1" && time.ends_with("+00:00"), "{frame}");
        shown.push(rest.replace(&token, "TOKEN"));
    }
    assert_eq!(shown, ["TOKEN app web.1 - - first\n", "TOKEN app web.1 - - \n", "TOKEN app web.1 - - third ü\n"]);
    delivery.abort();
    world.end().await;
}

#[tokio::test]
async fn a_receiver_that_goes_away_and_comes_back_gets_what_was_written_meanwhile() {
    let (world, receiver) = (World::new().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let app = world.app("one-app").await;
    let address = receiver.local_addr().unwrap();
    drain(&world, app, &format!("syslog://{address}")).await;
    let (delivery, news) = deliver(&world, &on_this_machine()).await;
    world.logs.write(app, line("web.1", "first"));
    world.logs.flush().await;
    let (mut stream, _) = soon(receiver.accept()).await.unwrap();
    assert!(frame(&mut stream).await.contains("first"));
    drop((stream, receiver));
    world.logs.write(app, line("web.1", "second"));
    world.logs.flush().await;
    news.notify_one();
    let told = Filter { process: Some("logplex".into()), ..Filter::default() };
    soon(async { while world.logs.read(app, &told, 10).await.unwrap().is_empty() {} }).await;

    let receiver = TcpListener::bind(address).await.unwrap();
    let (mut stream, _) = soon(receiver.accept()).await.unwrap();
    assert!(frame(&mut stream).await.contains("second"));
    assert!(frame(&mut stream).await.contains("heroku logplex - - Drain d."));
    delivery.abort();
    world.end().await;
}

#[tokio::test]
async fn whoever_takes_a_killed_delivery_over_goes_on_where_it_was() {
    let (world, receiver) = (World::new().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let app = world.app("one-app").await;
    let (id, _) = drain(&world, app, &format!("syslog://{}", receiver.local_addr().unwrap())).await;
    let (first, _) = deliver(&world, &on_this_machine()).await;
    world.logs.write(app, line("web.1", "first"));
    world.logs.flush().await;
    let (mut stream, _) = soon(receiver.accept()).await.unwrap();
    assert!(frame(&mut stream).await.contains("first"));
    let db = world.database.db();
    let end = world.logs.read(app, &Filter::default(), 1).await.unwrap()[0].seq;
    soon(async { while !log_drains::behind(db.pool(), first_lease()).await.unwrap().is_empty() {} }).await;
    assert_eq!(log_drains::progress(db.pool(), id, first_lease()).await.unwrap().delivered_seq, end);
    first.abort();
    world.logs.write(app, line("web.1", "second"));
    world.logs.flush().await;
    assert!(log_drains::claim(db.pool(), db.vault(), new_id(), TTL, 10).await.unwrap().is_empty(), "it is held");
    log_drains::let_go(db.pool(), first_lease(), None).await.unwrap();
    let second = new_id::<ControllerId>();
    let taken = log_drains::claim(db.pool(), db.vault(), second, TTL, 10).await.unwrap().remove(0);
    let drains = Drains::new(db.clone(), world.logs.clone(), &on_this_machine()).unwrap();
    let delivery = tokio::spawn(drains.deliver(taken, second, Arc::default()));
    let (mut stream, _) = soon(receiver.accept()).await.unwrap();
    assert!(frame(&mut stream).await.contains("second"));
    delivery.abort();
    world.end().await;
}

#[tokio::test]
async fn a_batch_over_https_comes_again_under_the_same_id_until_it_is_taken() {
    let (world, key) = (World::new().await, certificate());
    let app = world.app("one-app").await;
    let receiver = HttpReceiver::start(&key, &[500, 429, 200, 200]).await;
    let url = format!("https://user:p%40ss@localhost:{}/in?key=1", receiver.address.port());
    let (_, token) = drain(&world, app, &url).await;
    for message in ["one", "two"] {
        world.logs.write(app, line("web.1", message));
    }
    world.logs.flush().await;
    let (delivery, news) = deliver(&world, &trusting(&key)).await;
    let tries = [receiver.next().await, receiver.next().await, receiver.next().await];
    let [first, ..] = &tries;
    assert!(first.starts_with("POST /in?key=1 HTTP/1.1\r\n"), "{first}");
    for header in [
        "content-type: application/logplex-1",
        "logplex-msg-count: 2",
        &format!("logplex-drain-token: {token}"),
        "user-agent: Logplex/v73",
        "authorization: Basic dXNlcjpwQHNz",
        &format!("host: localhost:{}", receiver.address.port()),
    ] {
        assert!(first.contains(&format!("\r\n{header}\r\n")), "{header}: {first}");
    }
    assert!(first.contains(" host app web.1 - one\n") && first.ends_with(" host app web.1 - two\n"), "{first}");
    let id = |request: &str| request.split("logplex-frame-id: ").nth(1).unwrap()[..32].to_owned();
    assert!(id(first).bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()), "{first}");
    assert_eq!(id(&tries[1]), id(first));

    // What is said about the failure follows; nothing that was taken comes again.
    news.notify_one();
    let next = receiver.next().await;
    assert!(next.contains(" heroku logplex - Drain d.") && !next.contains(" - one"), "{next}");
    delivery.abort();
    world.end().await;
}

#[tokio::test]
async fn what_a_receiver_refuses_is_dropped_and_counted() {
    let (world, key) = (World::new().await, certificate());
    let app = world.app("one-app").await;
    let receiver = HttpReceiver::start(&key, &[400, 200]).await;
    drain(&world, app, &format!("https://localhost:{}/", receiver.address.port())).await;
    for message in ["one", "two"] {
        world.logs.write(app, line("web.1", message));
    }
    world.logs.flush().await;
    let (delivery, _) = deliver(&world, &trusting(&key)).await;
    assert!(receiver.next().await.contains(" - two\n"));
    let told = receiver.next().await;
    assert!(
        told.contains("<172>1 ") && told.contains("Error L10 (output buffer overflow): 2 messages dropped"),
        "{told}"
    );
    assert!(!told.contains(" - two\n"), "{told}");
    delivery.abort();
    world.end().await;
}

#[tokio::test]
async fn a_receiver_that_refuses_everything_is_asked_less_and_less_and_its_app_is_told_once() {
    let (world, key) = (World::new().await, certificate());
    let app = world.app("one-app").await;
    let receiver = HttpReceiver::start(&key, &[404; 1_000]).await;
    drain(&world, app, &format!("https://localhost:{}/secret", receiver.address.port())).await;
    world.logs.write(app, line("web.1", "one"));
    world.logs.flush().await;
    let (delivery, _) = deliver(&world, &trusting(&key)).await;
    assert!(receiver.next().await.ends_with(" - one\n"));
    let refused = Instant::now();
    for _ in 0..2 {
        let told = receiver.next().await;
        assert!(told.contains("Error L10 (output buffer overflow): "), "{told}");
    }
    // One second, then two.
    assert!(refused.elapsed() >= Duration::from_secs(3), "{:?}", refused.elapsed());
    world.logs.flush().await;
    let told = Filter { process: Some("logplex".into()), ..Filter::default() };
    let lines = world.logs.read(app, &told, 10).await.unwrap();
    let [only] = lines.as_slice() else { panic!("{lines:?}") };
    let message = &only.line.message;
    assert!(message.contains("it refuses lines with 404 Not Found") && !message.contains("secret"), "{message}");
    delivery.abort();
    world.end().await;
}

#[tokio::test]
async fn a_batch_is_not_sent_again_by_whoever_lost_the_lease_meanwhile() {
    let (world, receiver) = (World::new().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let app = world.app("one-app").await;
    drain(&world, app, &format!("http://{}/", receiver.local_addr().unwrap())).await;
    world.logs.write(app, line("web.1", "one"));
    world.logs.flush().await;
    let (delivery, _) = deliver(&world, &on_this_machine()).await;
    let (mut stream, _) = soon(receiver.accept()).await.unwrap();
    assert!(soon(request(&mut stream)).await.unwrap().ends_with(" - one\n"));
    log_drains::let_go(world.database.db().pool(), first_lease(), None).await.unwrap();
    write(&mut stream, "HTTP/1.1 500 Status\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let again = async {
        let (mut stream, _) = receiver.accept().await.unwrap();
        request(&mut stream).await
    };
    tokio::select! {
        ended = soon(delivery) => ended.unwrap(),
        request = again => panic!("{request:?}"),
    }
    world.end().await;
}

#[tokio::test]
async fn a_lease_is_renewed_without_opening_what_it_is_for() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let (id, _) = drain(&world, app, "syslog://logs.example.com").await;
    let db = world.database.db();
    log_drains::claim(db.pool(), db.vault(), first_lease(), TTL, 1).await.unwrap();
    world.database.execute("update log_drains set url = 'damaged'").await;
    assert_eq!(log_drains::extend(db.pool(), first_lease(), TTL).await.unwrap(), [id]);
    assert!(log_drains::extend(db.pool(), new_id(), TTL).await.unwrap().is_empty());
    let held = log_drains::held(db.pool(), db.vault(), new_id(), &[id]).await.unwrap();
    assert!(held.is_empty(), "it is another controller's");
    world.end().await;
}

#[tokio::test]
async fn what_the_log_keeps_no_longer_is_told_of() {
    let (world, receiver) = (World::new().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let app = world.app("one-app").await;
    drain(&world, app, &format!("syslog://{}", receiver.local_addr().unwrap())).await;
    for number in 0..1_000 {
        world.logs.write(app, line("web.1", format!("line {number}")));
    }
    world.logs.flush().await;
    for number in 1_000..2_000 {
        world.logs.write(app, line("web.1", format!("line {number}")));
    }
    world.logs.flush().await;
    let left = world.logs.read(app, &Filter::default(), 1_500).await.unwrap();
    assert_eq!((left.len(), left[0].line.message.as_str()), (1_500, "line 500"));
    let (delivery, _) = deliver(&world, &on_this_machine()).await;
    let (mut stream, _) = soon(receiver.accept()).await.unwrap();
    let told = frame(&mut stream).await;
    assert!(
        told.contains("heroku logplex - - Error L10 (output buffer overflow): 500 messages dropped since "),
        "{told}"
    );
    for number in 500..2_000 {
        assert!(frame(&mut stream).await.ends_with(&format!(" - - line {number}\n")), "{number}");
    }
    delivery.abort();
    world.end().await;
}

#[tokio::test]
async fn a_receiver_without_a_trusted_certificate_gets_nothing() {
    let (world, key) = (World::new().await, certificate());
    let app = world.app("one-app").await;
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let acceptor = acceptor(&key);
    let port = receiver.local_addr().unwrap().port();
    drain(&world, app, &format!("syslog+tls://localhost:{port}")).await;
    world.logs.write(app, line("web.1", "secret"));
    world.logs.flush().await;
    // Of other certificates than this one.
    let (untrusting, _) = deliver(&world, &trusting(&certificate())).await;
    let (stream, _) = soon(receiver.accept()).await.unwrap();
    assert!(soon(acceptor.accept(stream)).await.is_err());
    let told = Filter { process: Some("logplex".into()), ..Filter::default() };
    let mut lines = Vec::new();
    soon(async {
        while lines.is_empty() {
            lines = world.logs.read(app, &told, 10).await.unwrap();
        }
    })
    .await;
    let message = &lines[0].line.message;
    assert!(message.starts_with("Error L14 (certificate validation): error=\""), "{message}");
    assert!(message.ends_with(&format!("uri=\"syslog+tls://localhost:{port}\"")), "{message}");
    untrusting.abort();

    let (trusted, _) = deliver(&world, &trusting(&key)).await;
    let (stream, _) = soon(receiver.accept()).await.unwrap();
    let mut stream = soon(acceptor.accept(stream)).await.unwrap();
    assert!(frame(&mut stream).await.contains("secret"));
    trusted.abort();
    world.end().await;
}

#[tokio::test]
async fn the_platforms_own_network_is_out_of_reach() {
    let (world, receiver) = (World::new().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let app = world.app("one-app").await;
    // A name passes where it is given; what it stands for is looked at when it is connected to.
    drain(&world, app, &format!("http://localhost:{}/", receiver.local_addr().unwrap().port())).await;
    world.logs.write(app, line("web.1", "secret"));
    world.logs.flush().await;
    let (delivery, _) = deliver(&world, &DrainPolicy::default()).await;
    let told = Filter { process: Some("logplex".into()), ..Filter::default() };
    let mut lines = Vec::new();
    soon(async {
        while lines.is_empty() {
            world.logs.flush().await;
            lines = world.logs.read(app, &told, 10).await.unwrap();
        }
    })
    .await;
    assert!(lines[0].line.message.contains("its host has no public address"), "{}", lines[0].line);
    assert!(tokio::time::timeout(Duration::from_millis(200), receiver.accept()).await.is_err());
    delivery.abort();
    world.end().await;
}

fn first_lease() -> ControllerId {
    "00000000-0000-7000-8000-000000000001".parse().unwrap()
}

async fn drain(world: &World, app: AppId, url: &str) -> (DrainId, String) {
    let (db, id) = (world.database.db(), new_id::<DrainId>());
    let token = format!("d.{id}");
    log_drains::create(db.pool(), db.vault(), id, app, url, &token).await.unwrap();
    (id, token)
}

/// Delivers the one drain there is.
async fn deliver(world: &World, policy: &DrainPolicy) -> (JoinHandle<()>, Arc<Notify>) {
    let db = world.database.db();
    log_drains::let_go(db.pool(), first_lease(), None).await.unwrap();
    let drain = log_drains::claim(db.pool(), db.vault(), first_lease(), TTL, 1).await.unwrap().remove(0);
    let (drains, news) = (Drains::new(db.clone(), world.logs.clone(), policy).unwrap(), Arc::new(Notify::new()));
    let (mut wakes, told) = (world.changes().subscribe(&[paas_db::Topic::LogLines]), Arc::clone(&news));
    tokio::spawn(async move {
        loop {
            wakes.changed().await;
            told.notify_one();
        }
    });
    (tokio::spawn(drains.deliver(drain, first_lease(), Arc::clone(&news))), news)
}

fn on_this_machine() -> DrainPolicy {
    DrainPolicy { allow: vec!["127.0.0.0/8".parse().unwrap()], extra_roots: Vec::new() }
}

fn trusting(key: &CertifiedKey<rcgen::KeyPair>) -> DrainPolicy {
    DrainPolicy { extra_roots: vec![key.cert.der().clone()], ..on_this_machine() }
}

fn certificate() -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed(vec!["localhost".into()]).unwrap()
}

fn acceptor(key: &CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![key.cert.der().clone()],
            PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()).into(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(tls))
}

/// The next frame, without its count.
async fn frame(stream: &mut (impl AsyncRead + Unpin)) -> String {
    soon(async {
        let mut count = String::new();
        loop {
            match stream.read_u8().await.unwrap() {
                b' ' => break,
                digit => count.push(char::from(digit)),
            }
        }
        let mut frame = vec![0; count.parse().unwrap()];
        stream.read_exact(&mut frame).await.unwrap();
        String::from_utf8(frame).unwrap()
    })
    .await
}

/// Answers each request with the next status.
struct HttpReceiver {
    address: SocketAddr,
    requests: tokio::sync::Mutex<tokio::sync::mpsc::UnboundedReceiver<String>>,
}

impl HttpReceiver {
    async fn start(key: &CertifiedKey<rcgen::KeyPair>, statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, acceptor) = (listener.local_addr().unwrap(), acceptor(key));
        let statuses = statuses.to_vec();
        let mut statuses = statuses.into_iter();
        let (sender, requests) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let Ok(mut stream) = acceptor.accept::<TcpStream>(stream).await else { continue };
                while let Some(request) = request(&mut stream).await {
                    let status = statuses.next().unwrap_or(200);
                    let _ = sender.send(request);
                    let answer = format!("HTTP/1.1 {status} Status\r\ncontent-length: 0\r\n\r\n");
                    if write(&mut stream, &answer).await.is_none() {
                        break;
                    }
                }
            }
        });
        Self { address, requests: requests.into() }
    }

    async fn next(&self) -> String {
        soon(async { self.requests.lock().await.recv().await.unwrap() }).await
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), text: &str) -> Option<()> {
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

/// Head and body; `None`: the client is gone.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + std::str::from_utf8(&body).unwrap())
}
