use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
};

/// Show a domain
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    /// Its host name or id
    #[arg(value_name = "HOSTNAME")]
    hostname: String,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Info {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let domain = context.client()?.domain(&app, &self.hostname).await?;
        if self.json.json {
            return context.printer.json(&domain);
        }
        let fields = [
            ("acm_status", domain.acm_status),
            ("app", Some(domain.app.name)),
            ("cname", domain.cname),
            ("created_at", Some(domain.created_at.to_string())),
            ("hostname", Some(domain.hostname)),
            ("id", Some(domain.id.to_string())),
            ("kind", Some(domain.kind)),
            ("sni_endpoint", domain.sni_endpoint.map(|endpoint| endpoint.name)),
            ("status", Some(domain.status)),
            ("updated_at", Some(domain.updated_at.to_string())),
        ];
        let known: Vec<_> = fields.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        context.printer.object(&known)
    }
}
