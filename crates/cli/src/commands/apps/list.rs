use crate::{
    context::{Context, JsonArgs},
    error::Error,
    printer,
};

/// List your apps
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let client = context.client()?;
        if self.json.json {
            return context.printer.json(&client.apps().await?);
        }
        let (mut apps, account) = futures::try_join!(client.apps(), client.account())?;
        if apps.is_empty() {
            context.printer.note("You have no apps.");
            return Ok(());
        }
        apps.sort_by(|a, b| a.name.cmp(&b.name));
        let (own, shared): (Vec<_>, Vec<_>) = apps.into_iter().partition(|app| app.owner.email == account.email);
        if !own.is_empty() {
            context.printer.header(format!("{} Apps", account.email))?;
            own.iter().try_for_each(|app| context.printer.line(printer::app_in_list(&app.name)))?;
        }
        if !shared.is_empty() {
            if !own.is_empty() {
                context.printer.line("")?;
            }
            context.printer.header("Collaborated Apps")?;
            context.printer.rows(shared.iter().map(|app| [app.name.clone(), app.owner.email.clone()]))?;
        }
        Ok(())
    }
}
