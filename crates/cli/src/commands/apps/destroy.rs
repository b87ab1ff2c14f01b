use crate::{
    confirmation::confirm,
    context::{AppArgs, Context},
    error::Error,
    git, printer,
};

/// Destroy an app for ever, with all that it has
#[derive(Debug, clap::Args)]
pub(crate) struct Destroy {
    /// App to destroy
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    app: AppArgs,
    /// The app's name again, instead of being asked for it
    #[arg(short, long, value_name = "NAME")]
    confirm: Option<String>,
}

impl Destroy {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let name = context.app(&self.app.or_named(self.name))?;
        let client = context.client()?;
        // By its name: what is confirmed must be what is destroyed, also where an id was given.
        let name = client.app(&name).await?.name;
        let what =
            format!("This destroys {} and all that it has: code, config vars, releases, logs.", printer::app(&name));
        confirm(context, &what, &name, self.confirm)?;
        let action = context.printer.action(format!("Destroying {}", printer::app(&name)));
        client.destroy_app(&name).await?;
        action.done();
        for remote in git::remotes().unwrap_or_default() {
            if context.server.app_of(&remote.url).as_deref() == Some(&name) {
                git::remove_remote(&remote.name)?;
            }
        }
        Ok(())
    }
}
