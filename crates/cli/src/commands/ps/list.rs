use std::collections::BTreeMap;

use chrono::Utc;
use owo_colors::OwoColorize;
use paas_platform::Dyno;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
    time::{ago, since},
};

/// List the app's dynos
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Process types to show; all if none is given
    #[arg(value_name = "TYPE")]
    types: Vec<String>,
    /// Show the host of each dyno; for the installation's owner
    #[arg(short = 'x', long)]
    extended: bool,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let mut dynos = context.client()?.dynos(&app).await?;
        if let Some(kind) = self.types.iter().find(|kind| !dynos.iter().any(|dyno| &dyno.kind == *kind)) {
            return Err(Error::mistake(
                format!("No {} dynos on {}", printer::command(kind), printer::app(&app)),
                "`paas ps` lists all dynos, `paas ps:scale` all process types",
            ));
        }
        dynos.retain(|dyno| self.types.is_empty() || self.types.contains(&dyno.kind));
        dynos.sort_by_key(|dyno| (dyno.kind.clone(), number(&dyno.name)));
        if self.json.json {
            return context.printer.json(&dynos);
        }
        if self.extended {
            return extended(context, &dynos).await;
        }
        if dynos.is_empty() {
            context.printer.note(format!("No dynos on {}", printer::app(&app)));
        }
        let (one_off, formed): (Vec<_>, Vec<_>) = dynos.iter().partition(|dyno| dyno.kind == "run");
        let mut types = BTreeMap::<&str, Vec<&Dyno>>::new();
        for dyno in formed {
            types.entry(&dyno.kind).or_default().push(dyno);
        }
        for (kind, dynos) in types {
            let Dyno { size, command, .. } = dynos[0];
            context.printer.header(format!("{} ({size}): {command} ({})", kind.green(), dynos.len().yellow()))?;
            for dyno in dynos {
                context.printer.line(format!("{}: {} {}", dyno.name, state(dyno), ago(dyno.updated_at, Utc::now())))?;
            }
            context.printer.line("")?;
        }
        if !one_off.is_empty() {
            context.printer.header(format!("{}: one-off processes ({})", "run".green(), one_off.len().yellow()))?;
            for dyno in one_off {
                let Dyno { name, size, command, updated_at, .. } = dyno;
                let since = ago(*updated_at, Utc::now());
                context.printer.line(format!("{name} ({size}): {} {since}: {command}", state(dyno)))?;
            }
            context.printer.line("")?;
        }
        Ok(())
    }
}

/// A line each, with its host.
async fn extended(context: &Context, dynos: &[Dyno]) -> Result<(), Error> {
    let hosts = context.client()?.hosts().await?;
    let host = |dyno: &Dyno| {
        let id = dyno.host.map(|host| host.id)?;
        // Gone since.
        Some(hosts.iter().find(|host| host.id == id).map_or_else(|| id.to_string(), |host| host.name.clone()))
    };
    let rows = dynos.iter().map(|dyno| {
        [
            dyno.name.clone(),
            dyno.state.clone(),
            dyno.size.clone(),
            format!("v{}", dyno.release.version),
            host(dyno).unwrap_or_else(|| "-".to_owned()),
            since(dyno.updated_at, Utc::now()),
        ]
    });
    context.printer.table(["Dyno", "State", "Size", "Release", "Host", "Since"], rows)
}

fn state(dyno: &Dyno) -> String {
    match dyno.state.as_str() {
        "up" => format!("{}", "up".green()),
        "crashed" => format!("{}", "crashed".red()),
        other => format!("{}", other.yellow()),
    }
}

/// `web.10` comes after `web.2`.
fn number(name: &str) -> u64 {
    name.rsplit('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
