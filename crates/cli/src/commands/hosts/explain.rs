use paas_platform::{HostVerdict, PlacementQuery};

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// Show why an app's dynos go to the hosts they go to, and not to others
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// Host to ask about; all if none is given
    #[arg(value_name = "HOST")]
    host: Option<String>,
    /// Process type of the dyno
    #[arg(short = 't', long = "type", value_name = "TYPE", default_value = "web")]
    kind: String,
    /// Size of the dyno; if it is not given, the type's
    #[arg(short, long, value_name = "SIZE")]
    size: Option<String>,
    /// A dyno that there is, such as web.1: why it is where it is
    #[arg(short, long, value_name = "DYNO", conflicts_with_all = ["kind", "size"])]
    dyno: Option<String>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Explain {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let host = self.host.as_deref().map(super::host).transpose()?;
        let query = match self.dyno {
            Some(dyno) => PlacementQuery { dyno: Some(dyno), ..PlacementQuery::default() },
            None => PlacementQuery { kind: Some(self.kind), size: self.size, ..PlacementQuery::default() },
        };
        let explanation = context.client()?.explain(&app, host, query).await?;
        if self.json.json {
            return context.printer.json(&explanation);
        }
        let what = query_text(&explanation.kind, &explanation.size);
        let cores = f64::from(explanation.cpu_millis) / 1_000.0;
        let app = printer::app(&explanation.app.name);
        context.printer.header(format!("{what} of {app}: {} MB, {cores} cores", explanation.memory_mb))?;
        if explanation.hosts.is_empty() {
            context.printer.note("There are no hosts.");
            return Ok(());
        }
        context.printer.rows(explanation.hosts.iter().map(|one| [one.name.clone(), verdict(one), one.reason.clone()]))
    }
}

fn query_text(kind: &str, size: &str) -> String {
    format!("A {kind} dyno ({size})")
}

fn verdict(one: &HostVerdict) -> String {
    if one.is_here { format!("{}, it is here", one.verdict) } else { one.verdict.clone() }
}
