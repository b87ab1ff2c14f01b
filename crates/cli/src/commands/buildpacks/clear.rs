use crate::{
    commands::buildpacks::change,
    context::{AppArgs, Context},
    error::Error,
};

/// Remove all buildpacks; the next build detects them again
#[derive(Debug, clap::Args)]
pub(crate) struct Clear {
    #[command(flatten)]
    app: AppArgs,
}

impl Clear {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        change::put(context, &app, Vec::new(), "cleared").await
    }
}
