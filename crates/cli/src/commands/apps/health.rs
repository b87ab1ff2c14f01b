use paas_platform::AppPlacementUpdate;

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Have a web dyno count as up when a GET of a path answers, not when its port does
#[derive(Debug, clap::Args)]
pub(crate) struct Health {
    /// Path that must answer 2xx or 3xx, or off; without, what is set is shown
    #[arg(value_name = "PATH|off")]
    path: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Health {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let shown = |path: Option<String>| path.unwrap_or_else(|| "off".to_owned());
        let Some(path) = self.path else {
            return context.printer.line(shown(client.app_placement(&app).await?.health_path));
        };
        let path = if path == "off" { String::new() } else { path };
        let action = context.printer.action(format!("Setting the health check of {}", printer::app(&app)));
        let update = AppPlacementUpdate { health_path: Some(path), ..AppPlacementUpdate::default() };
        action.done_with(shown(client.update_app_placement(&app, &update).await?.health_path));
        Ok(())
    }
}
