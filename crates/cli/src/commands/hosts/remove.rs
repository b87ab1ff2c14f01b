use paas_platform::HostRemove;

use crate::{confirmation::confirm, context::Context, error::Error};

/// Take a host out; it must be empty
///
/// A machine that the platform launched is ended. Any other stays as it is, and the platform does not talk to it any more.
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// Host to remove
    #[arg(value_name = "HOST")]
    host: String,
    /// Whatever runs there: it is started elsewhere, and nobody waits for what it is doing
    #[arg(short, long)]
    force: bool,
    /// The host's name again, instead of being asked for it (with --force)
    #[arg(short, long, value_name = "NAME")]
    confirm: Option<String>,
}

impl Remove {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let client = context.client()?;
        // By its name: what is confirmed must be what is removed, also where an id was given.
        let host = client.host(super::host(&self.host)?).await?;
        if self.force {
            let what = format!(
                "This removes {} with {} dynos and {} builds that run there.",
                host.name, host.dynos, host.builds
            );
            confirm(context, &what, &host.name, self.confirm)?;
        }
        let action = context.printer.action(format!("Removing {}", host.name));
        let was = client.remove_host(&host.id.to_string(), &HostRemove { force: Some(self.force) }).await?;
        match was.pool {
            Some(_) => action.done_with("its machine is being ended"),
            None => action.done(),
        }
        if was.pool.is_none() && (was.dynos > 0 || was.state == "lost") {
            context
                .printer
                .warn(format!("{} may still run dynos of before: nobody tells it to stop any more.", was.name));
            context.printer.warn("End the machine, or run there as root: sh /etc/paas/host/host.sh --leave");
        }
        Ok(())
    }
}
