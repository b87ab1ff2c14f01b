use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Show whether certificates are managed automatically
#[derive(Debug, clap::Args)]
pub(crate) struct Auto {
    #[command(flatten)]
    app: AppArgs,
}

/// Have certificates managed automatically
#[derive(Debug, clap::Args)]
pub(crate) struct Enable {
    #[command(flatten)]
    app: AppArgs,
}

impl Auto {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let is_on = context.client()?.app(&app).await?.acm;
        let state = if is_on { "enabled" } else { "disabled" };
        context.printer.header(format!("Automatic Certificate Management is {state} on {}", printer::app(&app)))
    }
}

impl Enable {
    /// The server says why not, where it cannot.
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let action = context.printer.action("Enabling Automatic Certificate Management");
        context.client()?.enable_acm(&app).await?;
        action.done();
        Ok(())
    }
}
