use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// List the app's log drains
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let drains = context.client()?.log_drains(&app).await?;
        if self.json.json {
            return context.printer.json(&drains);
        }
        if drains.is_empty() {
            return Ok(());
        }
        context.printer.header("Drains")?;
        drains.iter().try_for_each(|drain| {
            context.printer.line(format!("{} ({})", drain.url.expose(), printer::command(&drain.token)))
        })
    }
}
