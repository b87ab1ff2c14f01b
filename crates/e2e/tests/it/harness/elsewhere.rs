//! Every host that is not the platform: what a program would have asked them. A proxy sees who honours proxies, and a hook in
//! Node.js whatever name is looked up: past proxies for one host, Heroku's CLI goes past them for all.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

#[derive(Debug)]
pub(crate) struct Elsewhere {
    url: String,
    lookups: PathBuf,
    asked: Arc<Mutex<Vec<String>>>,
}

const PATIENCE: Duration = Duration::from_secs(10);

impl Elsewhere {
    /// Hangs up on whoever comes, once they have said where they want to go. `directory`: for notes.
    pub(crate) fn start(directory: &Path) -> Self {
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
        Self { url, lookups: directory.join("lookups"), asked }
    }

    /// Watches a program, and the programs that it starts.
    pub(crate) fn watch<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let hook = concat!("--require ", env!("CARGO_MANIFEST_DIR"), "/tests/it/harness/lookups.js");
        self.proxy_for(command).env("NODE_OPTIONS", hook).env("PAAS_TEST_LOOKUPS", &self.lookups)
    }

    /// Makes it the proxy of a program.
    pub(crate) fn proxy_for<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.envs(["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].map(|name| (name, &self.url)))
    }

    /// First lines of requests, `CONNECT api.heroku.com:443 HTTP/1.1`, and names of hosts.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let looked_up = self.looked_up();
        asked.extend(looked_up.into_iter().filter(|name| name != "localhost"));
        asked
    }

    /// All names that were looked up, the platform's too.
    pub(crate) fn looked_up(&self) -> Vec<String> {
        fs::read_to_string(&self.lookups).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}
