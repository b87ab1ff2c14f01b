use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer, shell,
};

/// Show all config vars
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
    /// Print KEY=value lines for a shell
    #[arg(short, long, conflicts_with = "json")]
    shell: bool,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let vars = context.client()?.config_vars(&app).await?;
        if self.json.json {
            return context.printer.json(&vars);
        }
        if self.shell {
            return vars
                .0
                .iter()
                .try_for_each(|(key, value)| context.printer.plain(format!("{key}={}", shell::quote(value))));
        }
        context.printer.header(format!("{} Config Vars", printer::app(&app)))?;
        context.printer.object(&vars.0.into_iter().collect::<Vec<_>>())
    }
}
