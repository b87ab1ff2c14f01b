use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
};

/// Show a feature of the app
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    #[arg(value_name = "FEATURE")]
    feature: String,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Info {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let feature = context.client()?.app_feature(&app, &self.feature).await?;
        if self.json.json {
            return context.printer.json(&feature);
        }
        super::print_one(context, &feature)
    }
}
