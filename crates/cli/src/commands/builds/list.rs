use chrono::Utc;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
    time::ago,
};

/// List the app's builds, newest first
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// How many to show
    #[arg(short, long, value_name = "NUMBER", default_value_t = 15)]
    num: usize,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let mut builds = context.client()?.builds(&app).await?;
        builds.sort_by_key(|build| std::cmp::Reverse(build.created_at));
        builds.truncate(self.num);
        if self.json.json {
            return context.printer.json(&builds);
        }
        if builds.is_empty() {
            context.printer.note(format!("{} has no builds.", printer::app(&app)));
            return Ok(());
        }
        context.printer.header(format!("{} Builds", printer::app(&app)))?;
        let now = Utc::now();
        context.printer.rows(builds.into_iter().map(|build| {
            let version = build.source_blob.version.unwrap_or_default().chars().take(8).collect();
            let status = build.status.as_str().to_owned();
            [build.id.to_string(), status, version, build.user.email, ago(build.created_at, now)]
        }))
    }
}
