use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// List the app's buildpacks
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
        let buildpacks = context.client()?.buildpacks(&app).await?;
        if self.json.json {
            return context.printer.json(&buildpacks);
        }
        if buildpacks.is_empty() {
            context.printer.note(format!("{} has no Buildpacks.", printer::app(&app)));
            return Ok(());
        }
        let plural = if buildpacks.len() == 1 { "" } else { "s" };
        context.printer.header(format!("{} Buildpack{plural}", printer::app(&app)))?;
        let labels: Vec<_> = buildpacks.iter().map(|installed| installed.buildpack.label().to_owned()).collect();
        super::change::numbered(&labels).iter().try_for_each(|line| context.printer.line(line))
    }
}
