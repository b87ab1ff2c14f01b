use std::collections::BTreeMap;

use paas_platform::ConfigVarsUpdate;

use crate::{
    commands::releases::latest,
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// Set config vars, and restart the app with them
#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    #[arg(value_name = "KEY=VALUE", required = true)]
    vars: Vec<String>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Set {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let given = self.vars.iter().map(|text| assignment(text)).collect::<Result<BTreeMap<_, _>, _>>()?;
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let names: Vec<_> = given.keys().map(|key| printer::command(key)).collect();
        let action =
            context.printer.action(format!("Setting {} and restarting {}", names.join(", "), printer::app(&app)));
        let update = given.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        let mut vars = client.update_config_vars(&app, &ConfigVarsUpdate(update)).await?;
        match latest(client, &app).await? {
            Some(release) => action.done_with(format!("v{}", release.version)),
            None => action.done(),
        }
        vars.0.retain(|key, _| given.contains_key(key));
        match self.json.json {
            true => context.printer.json(&vars),
            false => context.printer.object(&vars.0.into_iter().collect::<Vec<_>>()),
        }
    }
}

pub(in crate::commands) fn assignment(text: &str) -> Result<(String, String), Error> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Error::mistake(
            format!("{text} is invalid. Must be in the format FOO=bar."),
            "put quotes around a value with blanks: 'FOO=a b'",
        )),
    }
}
