use paas_platform::DomainUpdate;

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Serve a domain with another certificate
#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    /// Its host name or id
    #[arg(value_name = "HOSTNAME")]
    hostname: String,
    /// The certificate's name or id
    #[arg(long, value_name = "NAME")]
    cert: String,
    #[command(flatten)]
    app: AppArgs,
}

impl Update {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let (name, cert) = (printer::command(&self.hostname), printer::command(&self.cert));
        let action = context.printer.action(format!("Updating {name} to use {cert} certificate"));
        let body = DomainUpdate { sni_endpoint: Some(self.cert) };
        context.client()?.update_domain(&app, &self.hostname, &body).await?;
        action.done();
        Ok(())
    }
}
