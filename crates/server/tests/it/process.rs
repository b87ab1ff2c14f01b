//! Processes of the real program.

use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

/// One that runs; it is killed with this value.
pub(crate) struct Process {
    child: Child,
    role: String,
    output: Arc<Mutex<String>>,
}

/// What every process of an installation is told.
pub(crate) struct Environment<'a> {
    pub(crate) database_url: &'a str,
    pub(crate) data: &'a Path,
}

pub(crate) const MASTER_KEY: &str = "7777777777777777777777777777777777777777777777777777777777777777";

impl Environment<'_> {
    /// Nothing but what is here reaches the process.
    pub(crate) fn start(&self, role: &str, settings: &[(&str, &str)]) -> Process {
        let shared = [
            ("DATABASE_URL", self.database_url),
            ("REGISTRY_URL", "http://127.0.0.1:9"),
            ("PAAS_MASTER_KEY", MASTER_KEY),
            ("PAAS_DOMAIN", "apps.test"),
            // Nobody looks after the host in these tests' rows.
            ("PAAS_HOST_GRACE_SECONDS", "3600"),
        ];
        let settings: Vec<_> = shared.into_iter().chain(settings.iter().copied()).collect();
        start(role, self.data, &settings)
    }
}

pub(crate) fn start(role: &str, data: &Path, settings: &[(&str, &str)]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paasd"));
    command.arg(role).env_clear().envs(settings.iter().copied());
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("PAAS_DATA_DIR", data);
    command.env("HOME", data).env("DOCKER_HOST", format!("unix://{}/no.sock", data.display()));
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let output = Arc::new(Mutex::new(String::new()));
    collect(child.stdout.take().unwrap(), output.clone());
    collect(child.stderr.take().unwrap(), output.clone());
    Process { child, role: role.to_owned(), output }
}

fn collect(stream: impl AsyncRead + Send + Unpin + 'static, output: Arc<Mutex<String>>) {
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut output = output.lock().unwrap();
            output.push_str(&line);
            output.push('\n');
        }
    });
}

impl Process {
    pub(crate) fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    pub(crate) async fn says(&self, text: &str) {
        let wait = async {
            while !self.output().contains(text) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let said = timeout(Duration::from_secs(60), wait).await;
        assert!(said.is_ok(), "`paasd {}` never said {text:?}:\n{}", self.role, self.output());
    }

    pub(crate) async fn ready(self) -> Self {
        self.says("Ready").await;
        self
    }

    /// SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// What it said, once it has ended by itself, which must be as a failure.
    pub(crate) async fn fails(mut self) -> String {
        let status = timeout(Duration::from_secs(60), self.child.wait()).await.expect("it ends").unwrap();
        assert!(!status.success());
        // Its last words may still be on their way.
        self.says("error:").await;
        self.output()
    }

    /// SIGTERM, and a clean end.
    pub(crate) async fn stop(mut self) {
        let pid = rustix::process::Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = timeout(Duration::from_secs(60), self.child.wait()).await.expect("it stops").unwrap();
        assert!(status.success(), "`paasd {}` did not stop cleanly:\n{}", self.role, self.output());
    }
}
