//! Every host that is not the platform, as far as a program honours proxies: what it would have asked them.

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

#[derive(Debug)]
pub(crate) struct Elsewhere {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

const PATIENCE: Duration = Duration::from_secs(10);

impl Elsewhere {
    /// Hangs up on whoever comes, once they have said where they want to go.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut line = String::new();
                // One that says nothing is noted all the same, and before it hears that nobody is here.
                drop(stream.set_read_timeout(Some(PATIENCE)));
                let mut stream = BufReader::new(stream);
                drop(stream.read_line(&mut line));
                log.lock().unwrap_or_else(PoisonError::into_inner).push(line.trim_end().to_owned());
                drop(stream);
            }
        });
        Self { url, asked }
    }

    /// Makes it the proxy of a program.
    pub(crate) fn proxy_for<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.envs(["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].map(|name| (name, &self.url)))
    }

    /// First lines of requests: `CONNECT api.heroku.com:443 HTTP/1.1`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
