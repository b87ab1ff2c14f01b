use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Forget what the app's builds keep for one another
#[derive(Debug, clap::Args)]
pub(crate) struct PurgeCache {
    #[command(flatten)]
    app: AppArgs,
}

impl PurgeCache {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let action = context.printer.action(format!("Clearing the build cache of {}", printer::app(&app)));
        context.client()?.purge_build_cache(&app).await?;
        action.done();
        Ok(())
    }
}
