use crate::{
    context::{Context, JsonArgs},
    error::Error,
};

/// List the regions that apps can run in
#[derive(Debug, clap::Args)]
pub(crate) struct Regions {
    #[command(flatten)]
    json: JsonArgs,
}

impl Regions {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let regions = context.client()?.regions().await?;
        match self.json.json {
            true => context.printer.json(&regions),
            false => context.printer.rows(regions.into_iter().map(|region| [region.name, region.description])),
        }
    }
}
