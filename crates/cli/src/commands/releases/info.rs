use chrono::Utc;
use serde_json::json;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    shell,
    time::ago,
};

/// Show a release and its config vars
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    /// v12 or 12; the newest if it is not given
    #[arg(value_name = "RELEASE")]
    release: Option<String>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
    /// Print the config vars as KEY=value lines for a shell
    #[arg(short, long, conflicts_with = "json")]
    shell: bool,
}

impl Info {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let release = super::find(client, &app, self.release.as_deref()).await?;
        let vars = client.release_config_vars(&app, &release.version.to_string()).await?;
        if self.json.json {
            return context.printer.json(&json!({ "release": release, "config_vars": vars }));
        }
        let mut fields = vec![
            ("By", release.user.email.clone()),
            ("Change", release.description.clone()),
            ("Status", release.status.as_str().to_owned()),
            ("When", ago(release.created_at, Utc::now())),
        ];
        if !release.addon_plan_names.is_empty() {
            fields.insert(0, ("Add-ons", release.addon_plan_names.join("\n")));
        }
        context.printer.header(format!("Release v{}", release.version))?;
        context.printer.object(&fields)?;
        context.printer.line("")?;
        context.printer.header(format!("v{} Config vars", release.version))?;
        match self.shell {
            true => vars
                .0
                .iter()
                .try_for_each(|(key, value)| context.printer.plain(format!("{key}={}", shell::quote(value)))),
            false => context.printer.object(&vars.0.into_iter().collect::<Vec<_>>()),
        }
    }
}
