use std::{
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use crate::{context::Context, error::Error};

/// Open a shell on a host, or run a command there, over SSH
///
/// The system's ssh is run with the host's address: keys, agents and ~/.ssh/config count as always.
#[derive(Debug, clap::Args)]
pub(crate) struct Ssh {
    /// Host to go to
    #[arg(value_name = "HOST")]
    host: String,
    /// User on the host
    #[arg(short, long, value_name = "USER", default_value = "root", conflicts_with = "container")]
    user: String,
    /// Go through the host's container engine, without SSH: the shell is root's
    #[arg(long)]
    container: bool,
    /// Command to run, behind --
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<String>,
}

impl Ssh {
    pub(crate) async fn run(self, context: &mut Context) -> Result<ExitCode, Error> {
        if self.container {
            return super::shell::run(context, super::host(&self.host)?, &self.command).await;
        }
        let host = context.client()?.host(super::host(&self.host)?).await?;
        let address = host.address.ok_or_else(|| {
            Error::mistake(
                format!("{} has no address.", host.name),
                match host.state.as_str() {
                    "requested" | "launching" => "it has not joined yet",
                    _ => "it is the machine that the server runs on",
                },
            )
        })?;
        let mut ssh = Command::new("ssh");
        // Behind `--` nothing is taken for an option, whatever the user's name begins with.
        ssh.args(["-l", &self.user, "--", &address]).args(&self.command);
        // Comes back only when it could not be started.
        let source = ssh.exec();
        Err(Error::Program { program: "ssh".to_owned(), source })
    }
}
