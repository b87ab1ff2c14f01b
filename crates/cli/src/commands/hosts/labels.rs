use paas_platform::HostUpdate;

use super::{change_labels, labels};
use crate::{
    context::{Context, JsonArgs},
    error::Error,
};

/// Show or change the labels of a host
///
/// role=build is for builds alone, dedicated=NAME for apps with the same label. A pool's hosts have the pool's labels.
#[derive(Debug, clap::Args)]
pub(crate) struct Labels {
    /// Host to label
    #[arg(value_name = "HOST")]
    host: String,
    /// key=value sets a label, key- takes it away; without any, they are shown
    #[arg(value_name = "KEY=VALUE")]
    labels: Vec<String>,
    #[command(flatten)]
    json: JsonArgs,
}

impl Labels {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let name = super::host(&self.host)?;
        let client = context.client()?;
        let mut host = client.host(name).await?;
        if !self.labels.is_empty() {
            let update = HostUpdate { labels: change_labels(host.labels, &self.labels)? };
            let action = context.printer.action(format!("Labelling {name}"));
            // By its id: the name may be another host's by now.
            host = client.update_host(&host.id.to_string(), &update).await?;
            action.done();
        }
        if self.json.json {
            return context.printer.json(&host.labels);
        }
        match host.labels.is_empty() {
            true => context.printer.note(format!("{} has no labels.", host.name)),
            false => context.printer.line(labels(&host.labels))?,
        }
        Ok(())
    }
}
