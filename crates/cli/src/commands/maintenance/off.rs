use crate::{
    context::{AppArgs, Context},
    error::Error,
};

/// Take the app out of maintenance mode
#[derive(Debug, clap::Args)]
pub(crate) struct Off {
    #[command(flatten)]
    app: AppArgs,
}

impl Off {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        super::switch(context, &self.app, false).await
    }
}
