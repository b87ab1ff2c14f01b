use std::{
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
use crate::{
    context::Context,
    error::Error,
    git::{self, Remote},
};

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
        let remotes = git::remotes().unwrap_or_default();
        let child = heroku.spawn().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => Error::mistake(
                "Heroku's CLI is not installed: there is no program `heroku` in PATH.",
                "`npm install --global heroku`, or use paas's own command of the same name",
            ),
            _ => Error::Program { program: "heroku".to_owned(), source },
        })?;
        let status = tokio::select! {
            status = wait(child) => status?,
            Err(error) = forwarder.serve() => return Err(error.into()),
        };
        if let Err(error) = connect_repository(context, &remotes) {
            context.printer.warn(format!("Git is not connected to the app: {error}"));
        }
        Ok(ExitCode::from(code(status)))
    }
}

fn aim(heroku: &mut Command, context: &Context, forwarder: &Forwarder) -> Result<(), Error> {
    for name in settings::unwanted() {
        heroku.env_remove(&name);
    }
    // The CLI has no business with our own token.
    heroku.env_remove("PAAS_API_KEY");
    let origin = forwarder.origin()?;
    heroku.envs(settings::aimed_at(&origin, "127.0.0.1", forwarder.secret().expose()));
    heroku.envs(settings::SILENT);
    // No keychain is asked or written to.
    heroku.env("HEROKU_NETRC_WRITE", "true");
    // Buildpacks are looked up without a token, so not by way of the forwarder.
    heroku.env("HEROKU_BUILDPACK_REGISTRY_URL", context.server.origin());
    // Git talks to the server itself, so that a remote is still good after this run.
    heroku.env("HEROKU_GIT_HOST", context.server.host_and_port());
    // Logs and one-off dynos are had from the server itself too, by addresses that hold a secret of their own.
    let ca = context.ca_path().map(std::path::absolute).transpose()?;
    if let Some(ca) = &ca {
        heroku.env("NODE_EXTRA_CA_CERTS", ca);
    }
    let helper = git::credential_helper(&context.server)?;
    heroku.envs(settings::of_git(&context.server, ca.as_deref(), &helper));
    heroku.envs(settings::past_proxies("127.0.0.1"));
    Ok(())
}

/// Makes git find the token and the CA for remotes that the CLI has added, by `create` or `git:remote`.
fn connect_repository(context: &Context, before: &[Remote]) -> Result<(), Error> {
    let is_new = |remote: &Remote| !before.contains(remote) && context.server.app_of(&remote.url).is_some();
    // Without git there are none, and nothing to set up.
    if context.server.is_https() && git::remotes().unwrap_or_default().iter().any(is_new) {
        let ca = context.ca_path().map(std::path::absolute).transpose()?;
        git::connect(&context.server, ca.as_deref())?;
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
