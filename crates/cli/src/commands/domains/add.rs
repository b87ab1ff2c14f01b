use paas_platform::DomainCreate;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// Add a domain to an app
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// A host name, or *.example.com
    #[arg(value_name = "HOSTNAME")]
    hostname: String,
    /// Certificate to serve it with (`paas certs` lists them)
    #[arg(short, long, value_name = "NAME")]
    cert: Option<String>,
    /// Return when it is there
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Add {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let name = printer::command(&self.hostname);
        let action = context.printer.action(format!("Adding {name} to {}", printer::app(&app)));
        let body = DomainCreate { hostname: self.hostname.clone(), sni_endpoint: self.cert };
        let mut domain = context.client()?.add_domain(&app, &body).await?;
        action.done();
        if !self.json.json {
            let target = printer::command(domain.cname.as_deref().unwrap_or_default());
            context.printer.line(format!("Configure your app's DNS provider to point to the DNS Target {target}."))?;
        }
        if self.wait {
            domain = super::wait_for(context, &app, domain).await?;
        }
        if self.json.json { context.printer.json(&domain) } else { Ok(()) }
    }
}
