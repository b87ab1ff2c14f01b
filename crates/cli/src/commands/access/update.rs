use paas_platform::CollaboratorUpdate;

use super::permissions;
use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Change what somebody may do to an app
#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    /// E-mail address of their account
    #[arg(value_name = "EMAIL")]
    email: String,
    /// What they may do from now on, separated by commas: view, deploy, operate, manage
    #[arg(short, long, value_name = "PERMISSIONS")]
    permissions: String,
    #[command(flatten)]
    app: AppArgs,
}

impl Update {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let permissions = permissions(&self.permissions);
        let action = context.printer.action(format!(
            "Updating {} in application {} with {} permissions",
            printer::user(&self.email),
            printer::app(&app),
            permissions.join(",")
        ));
        context.client()?.update_collaborator(&app, &self.email, &CollaboratorUpdate { permissions }).await?;
        action.done();
        Ok(())
    }
}
