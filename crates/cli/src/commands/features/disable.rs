use crate::{
    context::{AppArgs, Context},
    error::Error,
};

/// Disable a feature of the app
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
        super::switch(context, &app, &self.feature, false, true).await
    }
}
