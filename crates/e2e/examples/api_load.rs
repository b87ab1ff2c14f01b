//! Asks a server's API as many clients do, each with an account and a connection of its own, and asks its database by the
//! same kind of pool that the server has. `bench/api` calls it, and says what the numbers mean.
//!
//! `api_load ADDRESS DATABASE_URL <TOKENS`: a token a line, for a client each. Prints a line a number: name, value, unit.

use std::{
    io::stdin,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header::{AUTHORIZATION, HOST},
};
use hyper_util::rt::TokioIo;
use paas_db::{Db, Vault};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{sleep_until, timeout},
};

const APPS: usize = 1_000;
/// All clients together.
const READS_A_SECOND: u32 = 1_000;
const CHANGES_A_SECOND: u32 = 100;
const WARM_UP: Duration = Duration::from_secs(2);
/// Of a measurement, after it is warm.
const LASTS: Duration = Duration::from_secs(10);
/// Nothing takes this long but by mistake.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy)]
enum Ask {
    /// `select 1`
    Database,
    /// `GET /apps/:app`
    Read,
    /// `PATCH /apps/:app/config-vars`
    Change,
}

/// One that waits for each answer before it asks again.
struct Client {
    number: usize,
    token: String,
    apps: Vec<String>,
    connection: SendRequest<Full<Bytes>>,
    db: Db,
    asked: usize,
}

/// How long answers took, the shortest first, and for how long they were asked for.
struct Measured {
    took: Vec<Duration>,
    seconds: f64,
}

// Beside the server and its database there is no core for more threads.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, database] = arguments.as_slice() else { panic!("usage: api_load ADDRESS DATABASE_URL <TOKENS") };
    let tokens: Vec<String> = stdin().lines().map(|line| line.expect("tokens are text")).collect();
    // It decrypts nothing.
    let vault = Vault::new(&"0".repeat(64).into()).expect("that is a key");
    let db = Db::lazy(database, vault).expect("that is the URL of a database");

    let mut clients = Vec::new();
    for (number, token) in tokens.iter().enumerate() {
        clients.push(Client::new(number, token, APPS / tokens.len(), address, db.clone()).await);
    }
    for (ask, name, pace) in [
        (Ask::Database, "select_1", READS_A_SECOND),
        (Ask::Read, "read", READS_A_SECOND),
        (Ask::Change, "change", CHANGES_A_SECOND),
    ] {
        let measured = measure(&mut clients, ask, Some(pace)).await;
        println!("{name}_p50 {:.2} ms", measured.percentile(50));
        println!("{name}_p99 {:.2} ms", measured.percentile(99));
        println!("{name}s_paced {:.0} /s", measured.rate());
    }
    for (ask, name) in [(Ask::Database, "select_1s"), (Ask::Read, "reads")] {
        println!("{name}_flat_out {:.0} /s", measure(&mut clients, ask, None).await.rate());
    }
}

/// `pace`: how often they ask in a second, all together, evenly; `None`: as often as they get answers.
async fn measure(clients: &mut Vec<Client>, ask: Ask, pace: Option<u32>) -> Measured {
    let count = u32::try_from(clients.len()).expect("they are few");
    let start = Instant::now();
    let (warm, end) = (start + WARM_UP, start + WARM_UP + LASTS);
    let mut tasks = JoinSet::new();
    for (number, mut client) in (0..count).zip(clients.drain(..)) {
        tasks.spawn(async move {
            let mut took = Vec::new();
            // Its own share of the pace, not at the same moments as the others.
            let mut due = start + pace.map_or(Duration::ZERO, |pace| Duration::from_secs(number.into()) / pace);
            loop {
                let now = Instant::now();
                if now < due {
                    sleep_until(due.into()).await;
                }
                // Who comes late because the last answer did has waited since then; a timer's own delay does not count.
                let since = if pace.is_some() && now > due { due } else { Instant::now() };
                if since >= end {
                    return (client, took);
                }
                timeout(PATIENCE, client.ask(ask)).await.expect("every question is answered");
                if since >= warm {
                    took.push(since.elapsed());
                }
                due = pace.map_or(due, |pace| due + Duration::from_secs(count.into()) / pace);
            }
        });
    }
    let mut took = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (client, its) = done.expect("every answer is good");
        clients.push(client);
        took.extend(its);
    }
    took.sort_unstable();
    Measured { took, seconds: warm.elapsed().as_secs_f64() }
}

impl Measured {
    /// Milliseconds.
    fn percentile(&self, percent: usize) -> f64 {
        self.took[self.took.len() * percent / 100].as_secs_f64() * 1000.0
    }

    fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.took.len()).expect("they are few")) / self.seconds
    }
}

impl Client {
    /// With apps that it makes.
    async fn new(number: usize, token: &str, apps: usize, address: &str, db: Db) -> Self {
        let socket = TcpStream::connect(address).await.expect("the server listens");
        socket.set_nodelay(true).expect("the socket is open");
        let (sender, connection) = handshake(TokioIo::new(socket)).await.expect("the server speaks HTTP");
        tokio::spawn(connection);
        let mut client = Self { number, token: token.to_owned(), apps: Vec::new(), connection: sender, db, asked: 0 };
        for app in 0..apps {
            let name = format!("bench-{number}-{app}");
            client.send(Method::POST, "/apps", format!(r#"{{"name":"{name}"}}"#)).await;
            client.apps.push(name);
        }
        client
    }

    async fn ask(&mut self, what: Ask) {
        self.asked += 1;
        let app = &self.apps[self.asked % self.apps.len()];
        match what {
            Ask::Database => self.db.ping().await.expect("the database answers"),
            Ask::Read => {
                let path = format!("/apps/{app}");
                self.send(Method::GET, &path, String::new()).await;
            }
            Ask::Change => {
                let path = format!("/apps/{app}/config-vars");
                let body = format!(r#"{{"GREETING":"{} of {}"}}"#, self.asked, self.number);
                self.send(Method::PATCH, &path, body).await;
            }
        }
    }

    async fn send(&mut self, method: Method, path: &str, body: String) {
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(HOST, "localhost")
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Full::from(body));
        self.connection.ready().await.expect("the connection stays open");
        let answer = self.connection.send_request(request.expect("it is well formed")).await.expect("it is answered");
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("it comes to its end").to_bytes();
        assert!(status.is_success(), "{method} {path}: {status} {}", String::from_utf8_lossy(&body));
    }
}
