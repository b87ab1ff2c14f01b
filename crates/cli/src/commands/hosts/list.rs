use chrono::Utc;

use super::{memory, price, state};
use crate::{
    context::{Context, JsonArgs},
    error::Error,
    time::since,
};

/// List the machines that run dynos
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    json: JsonArgs,
}

const HEADING: [&str; 8] = ["Name", "State", "Zone", "Dynos", "Memory", "Type", "Price/h", "Seen"];

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let hosts = context.client()?.hosts().await?;
        if self.json.json {
            return context.printer.json(&hosts);
        }
        if hosts.is_empty() {
            context.printer.note("There are no hosts. Add one with `paas hosts:add`.");
            return Ok(());
        }
        let now = Utc::now();
        let rows = hosts.iter().map(|host| {
            let kind = host.instance_type.as_deref().unwrap_or("-");
            [
                host.name.clone(),
                state(host),
                host.zone.clone(),
                host.dynos.to_string(),
                memory(host),
                if host.spot { format!("{kind} spot") } else { kind.to_owned() },
                price(host.price_per_hour),
                host.seen_at.map_or_else(|| "never".to_owned(), |seen| since(seen, now)),
            ]
        });
        context.printer.table(HEADING, rows)
    }
}
