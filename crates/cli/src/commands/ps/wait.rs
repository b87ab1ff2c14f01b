use std::time::Duration;

use crate::{
    commands::releases::latest,
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Wait until every dyno runs the newest release
#[derive(Debug, clap::Args)]
pub(crate) struct Wait {
    /// Process type to wait for; all if it is not given
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Seconds between two looks
    #[arg(short, long, value_name = "SECONDS", default_value_t = 1)]
    wait_interval: u64,
    /// Wait for one-off dynos too
    #[arg(short = 'R', long)]
    with_run: bool,
    #[command(flatten)]
    app: AppArgs,
}

impl Wait {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let Some(release) = latest(client, &app).await? else {
            context.printer.warn(format!("{} has no releases.", printer::app(&app)));
            return Ok(());
        };
        let action = context.printer.action(format!("Waiting for every dyno to be running v{}", release.version));
        loop {
            let mut dynos = client.dynos(&app).await?;
            dynos.retain(|dyno| {
                let wanted = self.kind.as_ref().is_none_or(|kind| kind == &dyno.kind);
                wanted && dyno.kind != "release" && (self.with_run || dyno.kind != "run")
            });
            let ready = |dyno: &&_| is_ready(dyno, release.version);
            let up = dynos.iter().filter(ready).count();
            if up == dynos.len() {
                action.end(&format!("{up} / {up}, done"));
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(self.wait_interval.max(1))).await;
        }
    }
}

fn is_ready(dyno: &paas_platform::Dyno, version: i32) -> bool {
    dyno.state == "up" && dyno.release.version >= version
}
