use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// List the app's domains
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

const HEADING: [&str; 4] = ["Domain Name", "DNS Record Type", "DNS Target", "SNI Endpoint"];

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let domains = context.client()?.domains(&app).await?;
        if self.json.json {
            return context.printer.json(&domains);
        }
        let label = printer::app(&app);
        let (custom, own): (Vec<_>, Vec<_>) = domains.into_iter().partition(|domain| domain.kind == "custom");
        context.printer.header(format!("{label} Heroku Domain"))?;
        own.iter().try_for_each(|domain| context.printer.line(&domain.hostname))?;
        if custom.is_empty() {
            return Ok(());
        }
        context.printer.line("")?;
        context.printer.header(format!("{label} Custom Domains"))?;
        let rows = custom.into_iter().map(|domain| {
            let kind = record_type(&domain.hostname).to_owned();
            let endpoint = domain.sni_endpoint.map(|endpoint| endpoint.name).unwrap_or_default();
            [domain.hostname, kind, domain.cname.unwrap_or_default(), endpoint]
        });
        context.printer.table(HEADING, rows)
    }
}

/// DNS allows no CNAME for a domain's own name. Which names those are only a list of all registries' rules could tell; two labels
/// are the rule.
fn record_type(hostname: &str) -> &'static str {
    if hostname.split('.').count() == 2 { "ALIAS or ANAME" } else { "CNAME" }
}
