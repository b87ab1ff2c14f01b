use paas_platform::ReleaseCreate;

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Go back to an earlier release: its code and its config vars, as a new release
#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    /// v12 or 12; the one before the current one if it is not given
    #[arg(value_name = "RELEASE")]
    release: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Rollback {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let newest = client.releases(&app, 10).await?;
        let target = match &self.release {
            Some(version) => super::find(client, &app, Some(version)).await?,
            None => {
                let mut eligible = newest.iter().filter(|release| release.eligible_for_rollback);
                eligible.nth(1).cloned().ok_or_else(|| {
                    Error::mistake(
                        format!("No eligible release found for {} to roll back to.", printer::app(&app)),
                        "`paas releases` lists this app's releases",
                    )
                })?
            }
        };
        let label = format!("Rolling back {} to v{}", printer::app(&app), target.version);
        let action = context.printer.action(label);
        let body = ReleaseCreate { release: Some(target.id.to_string()), ..ReleaseCreate::default() };
        let release = client.create_release(&app, &body).await?;
        action.done_with(format!("v{}", release.version));
        context.printer.warn("Rollback affects code and config vars; it doesn't add or remove addons.");
        if let Some(previous) = newest.iter().find(|release| release.current) {
            context.printer.warn(format!("To undo, run: paas rollback v{}", previous.version));
        }
        super::output::stream(client, context.printer, &release).await
    }
}
