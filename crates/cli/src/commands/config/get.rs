use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    shell,
};

/// Print the value of config vars
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
    /// Print KEY=value lines for a shell
    #[arg(short, long, conflicts_with = "json")]
    shell: bool,
}

impl Get {
    /// A config var that is not set is an empty line, as with Heroku's CLI: scripts count on it.
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let mut vars = context.client()?.config_vars(&app).await?;
        if self.json.json {
            vars.0.retain(|key, _| self.keys.contains(key));
            return context.printer.json(&vars);
        }
        for key in &self.keys {
            let value = vars.0.get(key).map_or("", String::as_str);
            match self.shell {
                true => context.printer.plain(format!("{key}={}", shell::quote(value)))?,
                false => context.printer.plain(value)?,
            }
        }
        Ok(())
    }
}
