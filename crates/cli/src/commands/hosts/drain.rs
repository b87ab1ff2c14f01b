use std::{io::IsTerminal, time::Duration};

use paas_platform::{Client, Host};

use crate::{context::Context, error::Error, printer::Action};

/// Move everything off a host, and keep it off
#[derive(Debug, clap::Args)]
pub(crate) struct Drain {
    /// Host to drain
    #[arg(value_name = "HOST")]
    host: String,
    /// Wait until it is empty
    #[arg(short, long)]
    wait: bool,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 1)]
    wait_interval: u64,
}

impl Drain {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let name = super::host(&self.host)?;
        let client = context.client()?;
        let action = context.printer.action(format!("Draining {name}"));
        let host = client.drain_host(name).await?;
        if self.wait {
            return empty(client, host, action, Duration::from_secs(self.wait_interval.max(1))).await;
        }
        match left(&host) {
            Some(left) => action.end(&format!("{left} to move. `paas hosts:drain {} --wait` waits for it.", host.name)),
            None => action.done(),
        }
        Ok(())
    }
}

/// Looks until nothing is left. By its id: a name may be another host's by then.
async fn empty(client: &Client, mut host: Host, action: Action, pause: Duration) -> Result<(), Error> {
    let id = host.id.to_string();
    let mut shown = None;
    while let Some(left) = left(&host) {
        // In a log, a line for each look would be noise; so is one that says the same again.
        if std::io::stderr().is_terminal() && shown.as_ref() != Some(&left) {
            action.note(&format!("{left}... "));
            shown = Some(left);
        }
        tokio::time::sleep(pause).await;
        host = client.host(&id).await?;
        if !matches!(host.state.as_str(), "draining" | "joining" | "lost") {
            let (name, state) = (&host.name, &host.state);
            return Err(Error::mistake(
                format!("{name} is {state} now: it is not being drained any more."),
                format!("`paas hosts:info {name}` says more"),
            ));
        }
    }
    action.end("empty");
    Ok(())
}

/// `2 dynos, 1 build`; `None`: it is empty.
fn left(host: &Host) -> Option<String> {
    let counted = |count: u32, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    };
    let all: Vec<_> = [counted(host.dynos, "dyno"), counted(host.builds, "build")].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}
