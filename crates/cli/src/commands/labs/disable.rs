use crate::{
    context::{AppArgs, Context},
    error::Error,
};

/// Disable an experimental feature of the app
#[derive(Debug, clap::Args)]
pub(crate) struct Disable {
    #[arg(value_name = "FEATURE")]
    feature: String,
    #[command(flatten)]
    app: AppArgs,
}

impl Disable {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        crate::commands::features::switch(context, &app, &self.feature, false, false).await
    }
}
