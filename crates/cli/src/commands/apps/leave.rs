use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Give up your access to somebody else's app
#[derive(Debug, clap::Args)]
pub(crate) struct Leave {
    #[command(flatten)]
    app: AppArgs,
}

impl Leave {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let account = client.account().await?;
        let action = context.printer.action(format!("Leaving {}", printer::app(&app)));
        client.remove_collaborator(&app, &account.email).await?;
        action.done();
        Ok(())
    }
}
