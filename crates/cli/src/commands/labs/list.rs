use serde_json::json;

use crate::{
    commands::features,
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// List experimental features, of the account and of an app
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        // Without an app, the account's are shown.
        let is_named = self.app.app.is_some() || self.app.remote.is_some();
        let app = match context.app(&self.app) {
            Ok(app) => Some(app),
            Err(_) if !is_named => None,
            Err(error) => return Err(error),
        };
        let client = context.client()?;
        let mut of_account = client.account_features().await?;
        let mut of_app = match &app {
            Some(app) => Some(client.app_features(app).await?),
            None => None,
        };
        for list in std::iter::once(&mut of_account).chain(of_app.as_mut()) {
            list.retain(|feature| feature.state != "general");
        }
        if self.json.json {
            return context.printer.json(&json!({ "app": of_app, "user": of_account }));
        }
        context.printer.header(format!("User Features {}", client.account().await?.email))?;
        features::print(context, &of_account)?;
        if let (Some(app), Some(of_app)) = (app, of_app) {
            context.printer.line("")?;
            context.printer.header(format!("App Features {}", printer::app(&app)))?;
            features::print(context, &of_app)?;
        }
        Ok(())
    }
}
