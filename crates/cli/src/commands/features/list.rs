use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// List the app's features
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let mut features = context.client()?.app_features(&app).await?;
        features.retain(|feature| feature.state == "general");
        if self.json.json {
            return context.printer.json(&features);
        }
        context.printer.header(format!("App Features {}", printer::app(&app)))?;
        super::print(context, &features)
    }
}
