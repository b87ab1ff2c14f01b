use std::{
    env,
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt,
    process::{ExitCode, ExitStatus},
};

use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

use super::{forwarder::Forwarder, refused, settings};
use crate::{context::Context, error::Error};

/// Run a command of Heroku's own CLI against the server, wherever that is: paas heroku -- ps:scale web=2 -a NAME
#[derive(Debug, clap::Args)]
pub(crate) struct Any {
    /// The command and its arguments, as after `heroku`
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

impl Any {
    pub(crate) async fn run(self, context: &mut Context) -> Result<ExitCode, Error> {
        if let Some(command) = self.args.first() {
            refused::check(&command.to_string_lossy())?;
        }
        let forwarder = Forwarder::bind(context).await?;
        let mut heroku = Command::new("heroku");
        heroku.args(self.args);
        aim(&mut heroku, context, &forwarder)?;
        let child = heroku.spawn().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => Error::mistake(
                "Heroku's CLI is not installed: there is no program `heroku` in PATH.",
                "`npm install --global heroku`, or use paas's own command of the same name",
            ),
            _ => Error::Program { program: "heroku".to_owned(), source },
        })?;
        tokio::select! {
            status = wait(child) => Ok(ExitCode::from(code(status?))),
            Err(error) = forwarder.serve() => Err(error.into()),
        }
    }
}

fn aim(heroku: &mut Command, context: &Context, forwarder: &Forwarder) -> Result<(), Error> {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let elsewhere = text.starts_with("HEROKU_") && !settings::HARMLESS.contains(&&*text);
        // Our own token, which the CLI has no business with, is one of these.
        if elsewhere || text.starts_with("PAAS_") || settings::HARMFUL.contains(&&*text) {
            heroku.env_remove(&name);
        }
    }
    let origin = forwarder.origin()?;
    heroku.envs(settings::aimed_at(&origin, "127.0.0.1", forwarder.secret().expose()));
    heroku.envs(settings::SILENT);
    // No keychain is asked or written to.
    heroku.env("HEROKU_NETRC_WRITE", "true");
    // Git talks to the server itself, so that a remote is still good after this run.
    heroku.env("HEROKU_GIT_HOST", context.server.host_and_port());
    // Logs and one-off dynos are had from the server itself too, by addresses that hold a secret of their own.
    if let Some(ca) = context.ca_path() {
        heroku.env("NODE_EXTRA_CA_CERTS", std::path::absolute(ca)?);
    }
    // A proxy cannot reach this machine's loopback.
    for name in ["NO_PROXY", "no_proxy"] {
        let others = env::var(name).unwrap_or_default();
        heroku.env(name, format!("127.0.0.1,{others}").trim_end_matches(','));
    }
    Ok(())
}

/// Ctrl-C reaches the child as well, and what it means is for the child to say; the rest is passed on.
async fn wait(mut child: Child) -> io::Result<ExitStatus> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    loop {
        let passed_on = tokio::select! {
            status = child.wait() => return status,
            _ = interrupt.recv() => continue,
            _ = terminate.recv() => rustix::process::Signal::TERM,
            _ = hang_up.recv() => rustix::process::Signal::HUP,
        };
        let process = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(process) = process {
            rustix::process::kill_process(process, passed_on)?;
        }
    }
}

/// As a shell has it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
