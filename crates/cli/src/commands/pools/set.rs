use std::collections::BTreeMap;

use paas_platform::PoolUpdate;

use super::{PoolArgs, info::show};
use crate::{
    context::{Context, JsonArgs},
    error::Error,
};

/// Change a pool: its size, its types and zones, its image
#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// Pool to change
    #[arg(value_name = "POOL")]
    pool: String,
    /// Another name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    change: PoolArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Set {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let name = super::pool(&self.pool)?;
        if self.name.is_none() && self.change.is_empty() {
            return Err(Error::mistake(
                "Nothing is to be changed.",
                format!("`paas help pools:set` lists what can be; `paas pools:info {name}` shows what is"),
            ));
        }
        let client = context.client()?;
        // Labels and subnets are changed one by one here, and are sent as a whole.
        let (labels, subnets) = match self.change.labels.is_empty() && self.change.subnets.is_empty() {
            true => (BTreeMap::new(), BTreeMap::new()),
            false => {
                let now = client.pool(name).await?;
                (now.labels, now.subnets)
            }
        };
        let update = PoolUpdate { name: self.name, ..self.change.into_update(labels, subnets)? };
        let action = context.printer.action(format!("Changing pool {name}"));
        let pool = client.update_pool(name, &update).await?;
        action.done();
        match self.json.json {
            true => context.printer.json(&pool),
            false => show(context.printer, &pool),
        }
    }
}
