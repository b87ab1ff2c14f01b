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
        let mut apps = client.apps().await?;
        if self.json.json {
            return context.printer.json(&apps);
        }
        if apps.is_empty() {
            context.printer.note("You have no apps.");
            return Ok(());
        }
        apps.sort_by(|a, b| a.name.cmp(&b.name));
        context.printer.header(format!("{} Apps", apps[0].owner.email))?;
        apps.iter().try_for_each(|app| context.printer.line(printer::app_in_list(&app.name)))
    }
}
