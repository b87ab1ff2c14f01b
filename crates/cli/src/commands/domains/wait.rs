use crate::{
    context::{AppArgs, Context},
    error::Error,
};

/// Wait until a domain, or every domain, is there
#[derive(Debug, clap::Args)]
pub(crate) struct Wait {
    /// Its host name or id
    #[arg(value_name = "HOSTNAME")]
    hostname: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Wait {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let mut domains = match &self.hostname {
            Some(hostname) => vec![context.client()?.domain(&app, hostname).await?],
            None => context.client()?.domains(&app).await?,
        };
        domains.retain(|domain| self.hostname.is_some() || domain.status == "pending");
        for domain in domains {
            super::wait_for(context, &app, domain).await?;
        }
        Ok(())
    }
}
