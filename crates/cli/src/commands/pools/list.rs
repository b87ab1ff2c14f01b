use crate::{
    context::{Context, JsonArgs},
    error::Error,
};

/// List the pools: groups of hosts that the platform launches and ends by itself
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    json: JsonArgs,
}

const HEADING: [&str; 6] = ["Name", "Hosts", "Min-Max", "Types", "Zones", "Purchase"];

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let pools = context.client()?.pools().await?;
        if self.json.json {
            return context.printer.json(&pools);
        }
        if pools.is_empty() {
            context.printer.note("There are no pools. Make one with `paas pools:create`.");
            return Ok(());
        }
        let rows = pools.iter().map(|pool| {
            [
                pool.name.clone(),
                pool.hosts.to_string(),
                format!("{}-{}", pool.min, pool.max),
                pool.types.join(", "),
                pool.zones.join(", "),
                pool.purchase.replace('_', "-"),
            ]
        });
        context.printer.table(HEADING, rows)?;
        for pool in &pools {
            if let Some(error) = &pool.last_error {
                context.printer.warn(format!("{}: {error}", pool.name));
            }
        }
        Ok(())
    }
}
