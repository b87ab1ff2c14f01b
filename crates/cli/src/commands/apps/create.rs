use paas_platform::{AppCreate, BuildpackInstallationChoice, BuildpackInstallationsUpdate, ConfigVarsUpdate};

use super::manifest::Manifest;
use crate::{
    commands::git::remote::connect,
    context::{Context, JsonArgs},
    error::Error,
    git, printer,
};

/// Create an app, and a git remote for it
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// Name of the app; one is invented if it is not given
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Name of the app
    #[arg(short, long, value_name = "NAME", conflicts_with = "name")]
    app: Option<String>,
    /// Stack to build and run the app on
    #[arg(short, long, value_name = "STACK")]
    stack: Option<String>,
    /// Buildpack for the app: a name or a URL; may be repeated
    #[arg(short, long, value_name = "BUILDPACK")]
    buildpack: Vec<String>,
    /// Make the app that the heroku.yml here describes: stack container, and the config vars of its `setup`
    #[arg(short, long, conflicts_with_all = ["stack", "buildpack"])]
    manifest: bool,
    /// Region to run the app in
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Name of the git remote
    #[arg(short, long, value_name = "REMOTE", default_value = "paas")]
    remote: String,
    /// Do not make a git remote
    #[arg(short, long)]
    no_remote: bool,
    #[command(flatten)]
    json: JsonArgs,
}

impl Create {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let manifest = if self.manifest { Some(Manifest::read()?) } else { None };
        let stack = self.stack.or_else(|| manifest.as_ref().map(|_| "container".to_owned()));
        let client = context.client()?;
        let name = self.name.or(self.app);
        let label = name.as_deref().map_or_else(|| "app".to_owned(), printer::app);
        let action = context.printer.action(format!("Creating {label}"));
        let body = AppCreate { name: name.clone(), region: self.region.clone(), stack: stack.clone() };
        let app = client.create_app(&body).await?;
        let mut words = Vec::new();
        words.extend(name.is_none().then(|| printer::app(&app.name)));
        words.extend(self.region.is_some().then(|| format!("region is {}", app.region.name)));
        words.extend(stack.is_some().then(|| format!("stack is {}", app.stack.name)));
        match words.is_empty() {
            true => action.done(),
            false => action.done_with(words.join(", ")),
        }

        if !self.buildpack.is_empty() {
            let action = context.printer.action(format!("Setting buildpack to {}", self.buildpack.join(", ")));
            let choice = |buildpack| BuildpackInstallationChoice { buildpack };
            let updates = self.buildpack.into_iter().map(choice).collect();
            client.set_buildpacks(&app.name, &BuildpackInstallationsUpdate { updates }).await?;
            action.done();
        }
        // The app exists now; that there is no git here must not make this a failure.
        if !self.no_remote && git::in_repository() {
            connect(context, &self.remote, &app)?;
        }
        if let Some(Manifest { addons, config }) = manifest {
            if !config.is_empty() {
                let names: Vec<_> = config.keys().map(|key| printer::command(key)).collect();
                let action = context.printer.action(format!("Setting {}", names.join(", ")));
                let update = config.into_iter().map(|(key, value)| (key, Some(value))).collect();
                client.update_config_vars(&app.name, &ConfigVarsUpdate(update)).await?;
                action.done();
            }
            for plan in addons {
                context.printer.warn(format!(
                    "heroku.yml asks for the add-on {plan}, which cannot be had here: set what it provides by `paas config:set`."
                ));
            }
        }
        match self.json.json {
            true => context.printer.json(&app),
            false => {
                let web_url = app.web_url.as_deref().unwrap_or_default();
                context.printer.line(format!("{} | {}", printer::command(web_url), context.git_url(&app)))
            }
        }
    }
}
