use chrono::Utc;
use paas_platform::Pool;

use crate::{
    commands::hosts::labels,
    context::{Context, JsonArgs},
    error::Error,
    printer::Printer,
    time::ago,
};

/// Show what a pool is told to do
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    /// Pool to show
    #[arg(value_name = "POOL")]
    pool: String,
    #[command(flatten)]
    json: JsonArgs,
}

impl Info {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let pool = context.client()?.pool(super::pool(&self.pool)?).await?;
        match self.json.json {
            true => context.printer.json(&pool),
            false => show(context.printer, &pool),
        }
    }
}

pub(super) fn show(printer: Printer, pool: &Pool) -> Result<(), Error> {
    let subnets: Vec<_> = pool.subnets.iter().map(|(zone, subnet)| format!("{zone}={subnet}")).collect();
    let mut fields = vec![
        ("Created", ago(pool.created_at, Utc::now())),
        ("Disk", format!("{} GB", pool.disk_gb)),
        ("Hosts", format!("{} ({} to {})", pool.hosts, pool.min, pool.max)),
        ("Image", format!("{}{}", pool.image, if pool.replace_outdated { "" } else { " (others are kept)" })),
        ("Key", pool.key_name.clone().unwrap_or_default()),
        ("Labels", labels(&pool.labels)),
        ("Last error", pool.last_error.clone().unwrap_or_default()),
        ("Launches", pool.launch_after.map(|at| format!("not before {at}")).unwrap_or_default()),
        ("Profile", pool.instance_profile.clone().unwrap_or_default()),
        ("Purchase", pool.purchase.replace('_', "-")),
        ("Security groups", pool.security_groups.join(", ")),
        ("Subnets", subnets.join(", ")),
        ("Types", pool.types.join(", ")),
        ("Zones", pool.zones.join(", ")),
    ];
    fields.retain(|(_, value)| !value.is_empty());
    printer.header(&pool.name)?;
    printer.object(&fields)
}
