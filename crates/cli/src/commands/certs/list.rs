use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// List the app's certificates
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

const HEADING: [&str; 6] = ["Name", "Common Name(s)", "Expires", "Trusted", "Type", "Domains"];

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let mut endpoints = context.client()?.sni_endpoints(&app).await?;
        if self.json.json {
            return context.printer.json(&endpoints);
        }
        if endpoints.is_empty() {
            context.printer.line(format!("{} has no SSL certificates.", printer::app(&app)))?;
            let add = printer::command("paas certs:add CRT KEY");
            return context.printer.line(format!("Use {add} to add one."));
        }
        endpoints.sort_by(|a, b| a.name.cmp(&b.name));
        let rows = endpoints.into_iter().map(|endpoint| {
            let cert = endpoint.ssl_cert;
            [
                endpoint.name,
                cert.cert_domains.join(", "),
                super::minute(cert.expires_at),
                if cert.ca_signed { "True" } else { "False" }.to_owned(),
                "SNI".to_owned(),
                endpoint.domains.len().to_string(),
            ]
        });
        context.printer.table(HEADING, rows)
    }
}
