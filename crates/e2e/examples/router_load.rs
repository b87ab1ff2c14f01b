//! Asks an app through the router at a steady pace, until its standard input ends. `bench/build` calls it, and says what
//! the numbers mean.
//!
//! `router_load ADDRESS HOST`: prints a line a number: name, value, unit.

use std::{
    io::{Read, stdin},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Empty};
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header::HOST,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::{sleep_until, timeout},
};

const CLIENTS: u32 = 20;
/// All clients together.
const REQUESTS_A_SECOND: u32 = 200;
/// Nothing takes this long but by mistake.
const PATIENCE: Duration = Duration::from_secs(30);

// What is measured has few cores as it is.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, host] = arguments.as_slice() else { panic!("usage: router_load ADDRESS HOST") };
    let (ended, end) = watch::channel(false);
    std::thread::spawn(move || {
        // Whatever stands in it.
        let _ = stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(true);
    });
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (address, host, end) = (address.clone(), host.clone(), end.clone());
        clients.spawn(async move { ask(&address, &host, start, number, &end).await });
    }
    let (mut took, mut failed) = (Vec::new(), 0);
    while let Some(done) = clients.join_next().await {
        let (its, failures) = done.expect("a client only counts failures");
        took.extend(its);
        failed += failures;
    }
    took.sort_unstable();
    for percent in [50, 99] {
        let at = took.get(took.len() * percent / 100).expect("some requests were answered");
        println!("p{percent} {:.2} ms", at.as_secs_f64() * 1000.0);
    }
    println!("answered {} requests", took.len());
    println!("failed {failed} requests");
}

/// How long answers took, and how many were none or bad ones.
async fn ask(
    address: &str,
    host: &str,
    start: Instant,
    number: u32,
    end: &watch::Receiver<bool>,
) -> (Vec<Duration>, u32) {
    let (mut took, mut failed, mut connection) = (Vec::new(), 0, None);
    let mut due = start + Duration::from_secs(number.into()) / REQUESTS_A_SECOND;
    while !*end.borrow() {
        let now = Instant::now();
        if now < due {
            sleep_until(due.into()).await;
        }
        // Who comes late because the last answer did has waited since then; a timer's own delay does not count.
        let since = if now > due { due } else { Instant::now() };
        match timeout(PATIENCE, send(&mut connection, address, host)).await {
            Ok(Some(())) => took.push(since.elapsed()),
            _ => {
                failed += 1;
                connection = None;
            }
        }
        due += Duration::from_secs(CLIENTS.into()) / REQUESTS_A_SECOND;
    }
    (took, failed)
}

type Connection = SendRequest<Empty<Bytes>>;

/// `None`: no good answer came. A connection that the router closed is opened anew.
async fn send(connection: &mut Option<Connection>, address: &str, host: &str) -> Option<()> {
    if connection.as_ref().is_none_or(SendRequest::is_closed) {
        let socket = TcpStream::connect(address).await.ok()?;
        socket.set_nodelay(true).ok()?;
        let (sender, driver) = handshake(TokioIo::new(socket)).await.ok()?;
        tokio::spawn(driver);
        *connection = Some(sender);
    }
    let sender = connection.as_mut()?;
    sender.ready().await.ok()?;
    let request = Request::builder().uri("/").header(HOST, host).body(Empty::new()).ok()?;
    let answer = sender.send_request(request).await.ok()?;
    let is_good = answer.status().is_success();
    answer.into_body().collect().await.ok()?;
    is_good.then_some(())
}
