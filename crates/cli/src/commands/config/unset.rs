use paas_platform::ConfigVarsUpdate;

use crate::{
    commands::releases::latest,
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Remove config vars, and restart the app without them
#[derive(Debug, clap::Args)]
pub(crate) struct Unset {
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Unset {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let names: Vec<_> = self.keys.iter().map(|key| printer::command(key)).collect();
        let action =
            context.printer.action(format!("Unsetting {} and restarting {}", names.join(", "), printer::app(&app)));
        let update = self.keys.into_iter().map(|key| (key, None)).collect();
        client.update_config_vars(&app, &ConfigVarsUpdate(update)).await?;
        match latest(client, &app).await? {
            Some(release) => action.done_with(format!("v{}", release.version)),
            None => action.done(),
        }
        Ok(())
    }
}
