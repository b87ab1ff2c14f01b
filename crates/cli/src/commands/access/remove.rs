use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Take an app away from somebody
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// E-mail address of their account
    #[arg(value_name = "EMAIL")]
    email: String,
    #[command(flatten)]
    app: AppArgs,
}

impl Remove {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let text = format!("Removing {} access from the app {}", printer::user(&self.email), printer::app(&app));
        let action = context.printer.action(text);
        context.client()?.remove_collaborator(&app, &self.email).await?;
        action.done();
        Ok(())
    }
}
