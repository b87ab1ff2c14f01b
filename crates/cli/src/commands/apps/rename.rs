use paas_platform::AppUpdate;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    git, printer,
};

/// Give an app another name
#[derive(Debug, clap::Args)]
pub(crate) struct Rename {
    /// The new name
    #[arg(value_name = "NEWNAME")]
    new_name: String,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Rename {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let old = context.app(&self.app)?;
        let action =
            context.printer.action(format!("Renaming {} to {}", printer::app(&old), printer::app(&self.new_name)));
        let update = AppUpdate { name: Some(self.new_name), ..AppUpdate::default() };
        let app = context.client()?.update_app(&old, &update).await?;
        action.done();
        let git_url = context.git_url(&app);
        match self.json.json {
            true => context.printer.json(&app)?,
            false => {
                let web_url = app.web_url.as_deref().unwrap_or_default();
                context.printer.line(format!("{} | {git_url}", printer::command(web_url)))?;
            }
        }
        for remote in git::remotes().unwrap_or_default() {
            if context.server.app_of(&remote.url).as_deref() == Some(&old) {
                git::set_remote(&remote.name, &git_url)?;
                context.printer.note(format!("Git remote {} updated", remote.name));
            }
        }
        context.printer.warn("Don't forget to update git remotes for all other local checkouts of the app.");
        Ok(())
    }
}
