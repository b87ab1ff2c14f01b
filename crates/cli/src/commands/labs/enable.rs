use crate::{
    context::{AppArgs, Context},
    error::Error,
};

/// Enable an experimental feature of the app
#[derive(Debug, clap::Args)]
pub(crate) struct Enable {
    #[arg(value_name = "FEATURE")]
    feature: String,
    #[command(flatten)]
    app: AppArgs,
}

impl Enable {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        crate::commands::features::switch(context, &app, &self.feature, true, false).await
    }
}
