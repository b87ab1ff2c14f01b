use crate::{
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
        confirm(context, &name, self.confirm)?;
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

fn confirm(context: &Context, name: &str, given: Option<String>) -> Result<(), Error> {
    let answer = match given {
        Some(answer) => Some(answer),
        None => {
            context.printer.warn(format!(
                "This destroys {} and all that it has: code, config vars, releases, logs.",
                printer::app(name)
            ));
            context.printer.warn(format!("To proceed, type {name} or run this again with --confirm {name}"));
            match context.printer.can_ask() {
                true => context.printer.ask("> ")?,
                false => None,
            }
        }
    };
    match answer {
        Some(answer) if answer.trim() == name => Ok(()),
        Some(answer) => {
            Err(Error::Mistake { message: format!("Confirmation {answer} did not match {name}. Aborted."), hint: None })
        }
        None => Err(Error::mistake("Not confirmed. Aborted.", format!("add --confirm {name}"))),
    }
}
