use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use crate::{hook::environment, pushes::Ticket, service::Service};

/// How git is run: with an environment of its own making, where no setting of the machine or the account reaches.
#[derive(Debug)]
pub(crate) struct GitProgram {
    path: OsString,
    hooks_dir: PathBuf,
    hook_socket: PathBuf,
    hook_program: PathBuf,
    push_bytes: u64,
}

/// Settings of every run, as `git -c` would set them.
const SETTINGS: [(&str, &str); 15] = [
    // The repositories are ours, whoever owns the files.
    ("safe.directory", "*"),
    // Larger files are streamed and not held in memory.
    ("core.bigFileThreshold", "16m"),
    ("pack.windowMemory", "128m"),
    ("pack.threads", "2"),
    // Force pushes are allowed (Heroku: git push). Deletions are the hook's to judge.
    ("receive.denyNonFastForwards", "false"),
    ("receive.denyDeletes", "false"),
    // Done after the push and not while the pusher waits.
    ("receive.autogc", "false"),
    ("gc.autoDetach", "false"),
    // Broken and malicious objects (`.git` in a tree, say) stay out; what old tools wrote wrong and nobody can mend
    // without rewriting history comes in.
    ("receive.fsckObjects", "true"),
    ("receive.fsck.zeroPaddedFilemode", "ignore"),
    ("receive.fsck.badTimezone", "ignore"),
    ("receive.fsck.missingSpaceBeforeDate", "ignore"),
    ("receive.fsck.missingSpaceBeforeEmail", "ignore"),
    ("receive.fsck.missingEmail", "ignore"),
    ("receive.fsck.missingNameBeforeEmail", "ignore"),
];

impl GitProgram {
    pub(crate) fn new(hooks_dir: PathBuf, hook_socket: PathBuf, hook_program: PathBuf, push_bytes: u64) -> Self {
        let path = env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        Self { path, hooks_dir, hook_socket, hook_program, push_bytes }
    }

    /// Lists refs.
    pub(crate) fn advertise(&self, service: Service, protocol: Option<&str>, repository: &Path) -> Command {
        let mut command = self.serve(service, protocol, repository, &["--stateless-rpc", "--advertise-refs"]);
        command.stdin(Stdio::null());
        command
    }

    /// Answers one request.
    pub(crate) fn fetch(&self, protocol: Option<&str>, repository: &Path) -> Command {
        self.serve(Service::UploadPack, protocol, repository, &["--stateless-rpc"])
    }

    /// Takes one push; its hook shows the ticket.
    pub(crate) fn receive(&self, ticket: &Ticket, protocol: Option<&str>, repository: &Path) -> Command {
        let mut command = self.serve(Service::ReceivePack, protocol, repository, &["--stateless-rpc"]);
        command
            .env(environment::PROGRAM, &self.hook_program)
            .env(environment::SOCKET, &self.hook_socket)
            .env(environment::SECRET, ticket.secret())
            .env(environment::APP, ticket.push.target.name().as_str());
        command
    }

    /// Packs what many pushes left loose, if it has become much. Yields to everything else on the machine.
    pub(crate) fn maintain(&self, repository: &Path) -> Command {
        let mut command = self.command("nice");
        command.args(["-n", "10", "git", "gc", "--auto", "--quiet"]).current_dir(repository).stdin(Stdio::null());
        command
    }

    fn serve(&self, service: Service, protocol: Option<&str>, repository: &Path, options: &[&str]) -> Command {
        let mut command = self.command("git");
        command.arg(service.subcommand()).args(options).arg(repository);
        if let Some(protocol) = protocol {
            command.env("GIT_PROTOCOL", protocol);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            // A Ctrl-C at the server's terminal is the server's to handle.
            .process_group(0)
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", "/nonexistent")
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0");
        let hooks: (&str, OsString) = ("core.hooksPath", self.hooks_dir.clone().into());
        let largest = ("receive.maxInputSize", self.push_bytes.to_string().into());
        let fixed = SETTINGS.iter().map(|(key, value)| (*key, OsString::from(value)));
        let mut count = 0;
        for (key, value) in fixed.chain([hooks, largest]) {
            command.env(format!("GIT_CONFIG_KEY_{count}"), key).env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
        command
    }
}
