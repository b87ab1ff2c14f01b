use paas_platform::CollaboratorCreate;

use super::permissions;
use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Let somebody use an app
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// E-mail address of their account
    #[arg(value_name = "EMAIL")]
    email: String,
    /// What they may do, separated by commas: view, deploy, operate, manage; without this, all but manage
    #[arg(short, long, value_name = "PERMISSIONS")]
    permissions: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Add {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let permissions = self.permissions.as_deref().map(permissions);
        let mut text = format!("Adding {} access to the app {}", printer::user(&self.email), printer::app(&app));
        if let Some(permissions) = &permissions {
            text.push_str(&format!(" with {} permissions", permissions.join(", ")));
        }
        let action = context.printer.action(text);
        let body = CollaboratorCreate { user: Some(self.email), permissions, silent: None };
        context.client()?.add_collaborator(&app, &body).await?;
        action.done();
        Ok(())
    }
}
