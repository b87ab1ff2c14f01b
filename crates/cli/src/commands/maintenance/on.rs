use crate::{
    context::{AppArgs, Context},
    error::Error,
};

/// Put the app into maintenance mode: visitors get a page that says so
#[derive(Debug, clap::Args)]
pub(crate) struct On {
    #[command(flatten)]
    app: AppArgs,
}

impl On {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        super::switch(context, &self.app, true).await
    }
}
