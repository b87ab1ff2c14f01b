use chrono::Utc;
use paas_platform::HostCreate;

use crate::{
    context::{Context, JsonArgs},
    error::Error,
    time::until,
};

/// Get a command that makes another machine a host
///
/// Run it there as root. It holds a token that works once, for one hour.
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// What to call the host; if it is not given, what the machine calls itself
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// A label, such as role=build; may be given several times
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,
    /// Label it as the hosts of this pool are
    #[arg(long, value_name = "POOL")]
    pool: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

impl Add {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let labels = self.labels.iter().map(|text| super::label(text)).collect::<Result<_, _>>()?;
        let body = HostCreate { labels, name: self.name, pool: self.pool };
        let join = context.client()?.create_host(&body).await?;
        if self.json.json {
            return context.printer.json(&join);
        }
        context.printer.note(format!(
            "Run this as root on the machine, within {}. It holds a token: whoever has it can add a host.\n",
            until(join.expires_at, Utc::now())
        ));
        context.printer.plain(join.command.expose().trim_end())?;
        context.printer.note(
            "\nThe machine needs Linux, curl, and a way to this server. `paas hosts` shows it when it has joined.",
        );
        Ok(())
    }
}
