use chrono::Utc;
use paas_platform::{AuditEvent, AuditQuery};
use serde_json::Value;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    time::ago,
};

/// Show who changed what, newest first: of an app, or with --all of everything
#[derive(Debug, clap::Args)]
pub(crate) struct Audit {
    /// How many to show
    #[arg(short, long, value_name = "NUMBER", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=1000))]
    num: u32,
    /// Everything on this installation, for its owner
    #[arg(long, conflicts_with_all = ["app", "remote"])]
    all: bool,
    /// Only what this account did, by its e-mail address
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// Only this, such as app.create or git.push
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

const HEADING: [&str; 7] = ["When", "Who", "Token", "What", "App", "Status", "From"];

impl Audit {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = if self.all { None } else { Some(context.app(&self.app)?) };
        let query = AuditQuery { user: self.user, action: self.action, ..AuditQuery::default() };
        let events = context.client()?.audit(app.as_deref(), &query, self.num).await?;
        if self.json.json {
            return context.printer.json(&events);
        }
        if events.is_empty() {
            context.printer.note("Nothing was changed.");
            return Ok(());
        }
        let now = Utc::now();
        let rows = events.iter().map(|event| {
            let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
            [
                ago(event.at, now),
                or_dash(event.user.as_ref().map(|user| user.email.as_str())),
                or_dash(event.token.as_deref()),
                what(event),
                or_dash(event.app.as_ref().map(|app| app.name.as_str())),
                event.status.map_or_else(|| "unknown".to_owned(), |status| status.to_string()),
                or_dash(event.remote_address.as_deref()),
            ]
        });
        context.printer.table(HEADING, rows)
    }
}

/// `config-vars.update LANG, MODE`.
fn what(event: &AuditEvent) -> String {
    let details = event.detail.as_object().into_iter().flatten().filter_map(|(_, value)| match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(names) => Some(names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
        _ => None,
    });
    std::iter::once(event.action.clone())
        .chain(details.filter(|detail| !detail.is_empty()))
        .collect::<Vec<_>>()
        .join(" ")
}
