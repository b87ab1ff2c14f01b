use paas_platform::AppPlacementUpdate;

use crate::{
    commands::hosts::{change_labels, labels},
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// Show or change the labels that decide which hosts an app may use
///
/// dedicated=NAME is for hosts with the same label, which run no other apps.
#[derive(Debug, clap::Args)]
pub(crate) struct Labels {
    /// key=value sets a label, key- takes it away; without any, they are shown
    #[arg(value_name = "KEY=VALUE")]
    labels: Vec<String>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Labels {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let mut placement = client.app_placement(&app).await?;
        if !self.labels.is_empty() {
            let labels = change_labels(placement.labels, &self.labels)?;
            let action = context.printer.action(format!("Labelling {}", printer::app(&app)));
            let update = AppPlacementUpdate { labels: Some(labels), ..AppPlacementUpdate::default() };
            placement = client.update_app_placement(&app, &update).await?;
            action.done();
        }
        if self.json.json {
            return context.printer.json(&placement.labels);
        }
        match placement.labels.is_empty() {
            true => context.printer.note(format!("{} has no labels.", printer::app(&app))),
            false => context.printer.line(labels(&placement.labels))?,
        }
        Ok(())
    }
}
