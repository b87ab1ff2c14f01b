use chrono::Utc;

use super::{labels, memory, price, state};
use crate::{
    context::{Context, JsonArgs},
    error::Error,
    time::ago,
};

/// Show what a host is and carries
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    /// Host to show
    #[arg(value_name = "HOST")]
    host: String,
    #[command(flatten)]
    json: JsonArgs,
}

impl Info {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let host = context.client()?.host(super::host(&self.host)?).await?;
        if self.json.json {
            return context.printer.json(&host);
        }
        let now = Utc::now();
        let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut fields = vec![
            ("Address", or_none(&host.address)),
            ("Builds", host.builds.to_string()),
            ("Certificate", host.certificate_expires_at.map(|at| format!("until {at}")).unwrap_or_default()),
            ("CPU", format!("{:.2}/{} cores set aside", f64::from(host.cpu_used_millis) / 1_000.0, host.cpus)),
            ("Created", ago(host.created_at, now)),
            ("Drain", if host.drain_requested { "asked for".to_owned() } else { String::new() }),
            ("Dynos", host.dynos.to_string()),
            ("Engine", or_none(&host.engine_version)),
            ("Fault", or_none(&host.fault).replace('_', " ")),
            ("Id", host.id.to_string()),
            ("Image", or_none(&host.image)),
            ("Labels", labels(&host.labels)),
            ("Machine", or_none(&host.machine_id)),
            ("Memory", format!("{} set aside", memory(&host))),
            ("Pool", host.pool.as_ref().map(|pool| pool.name.clone()).unwrap_or_default()),
            (
                "Price",
                host.price_per_hour.map(|dollars| format!("{} an hour", price(Some(dollars)))).unwrap_or_default(),
            ),
            ("Seen", host.seen_at.map_or_else(|| "never".to_owned(), |seen| ago(seen, now))),
            ("Since", ago(host.since, now)),
            ("State", state(&host)),
            ("Type", or_none(&host.instance_type) + if host.spot { " (spot)" } else { "" }),
            ("Zone", host.zone.clone()),
        ];
        fields.retain(|(_, value)| !value.is_empty());
        context.printer.header(&host.name)?;
        context.printer.object(&fields)
    }
}
