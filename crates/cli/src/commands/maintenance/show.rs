use serde_json::json;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
};

/// Show whether the app is in maintenance mode
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Show {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let app = context.client()?.app(&app).await?;
        match self.json.json {
            true => context.printer.json(&json!({ "maintenance": app.maintenance })),
            false => context.printer.line(if app.maintenance { "on" } else { "off" }),
        }
    }
}
