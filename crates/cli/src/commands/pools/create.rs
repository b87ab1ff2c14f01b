use std::collections::BTreeMap;

use paas_platform::PoolUpdate;

use super::{PoolArgs, info::show};
use crate::{
    context::{Context, JsonArgs},
    error::Error,
};

/// Make a pool: a group of hosts that the platform launches and ends by itself
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// What to call it; its hosts' names begin with it
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    pool: PoolArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Create {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let name = super::pool(&self.name)?.to_owned();
        let client = context.client()?;
        let update = self.pool.into_update(BTreeMap::new(), BTreeMap::new())?;
        let action = context.printer.action(format!("Creating pool {name}"));
        let pool = client.create_pool(&PoolUpdate { name: Some(name), ..update }).await?;
        action.done();
        match self.json.json {
            true => context.printer.json(&pool),
            false => show(context.printer, &pool),
        }
    }
}
