use chrono::Utc;
use owo_colors::OwoColorize;
use paas_platform::ReleaseStatus;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
    time::ago,
};

/// List the app's releases, newest first
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// How many to show
    #[arg(short, long, value_name = "NUMBER", default_value_t = 15)]
    num: u32,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let releases = context.client()?.releases(&app, self.num.max(1)).await?;
        if self.json.json {
            return context.printer.json(&releases);
        }
        if releases.is_empty() {
            context.printer.note(format!("{} has no releases.", printer::app(&app)));
            return Ok(());
        }
        let mut title = format!("{} Releases", printer::app(&app));
        if let Some(current) = releases.iter().find(|release| release.current) {
            title.push_str(&format!(" - Current: {}", format!("v{}", current.version).cyan()));
        }
        context.printer.header(title)?;
        let now = Utc::now();
        context.printer.rows(releases.into_iter().map(|release| {
            let mut description = release.description;
            description.push_str(match release.status {
                ReleaseStatus::Pending => ", release command executing",
                ReleaseStatus::Failed => ", release command failed",
                ReleaseStatus::Expired => ", release expired",
                ReleaseStatus::Succeeded => "",
            });
            [format!("v{}", release.version), description, release.user.email, ago(release.created_at, now)]
        }))
    }
}
