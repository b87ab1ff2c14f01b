use std::{ffi::OsString, os::unix::process::CommandExt, process::Command};

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
    #[arg(short, long, value_name = "USER", default_value = "root")]
    user: String,
    /// Command to run, behind --
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<OsString>,
}

impl Ssh {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
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
