use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
};

/// Show a certificate
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    /// Its name, where the app has several
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Show the domains that are served with it
    #[arg(long)]
    show_domains: bool,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Info {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let endpoint = super::find(context, &app, self.name.as_deref()).await?;
        if self.json.json {
            return context.printer.json(&endpoint);
        }
        let mut domains = Vec::new();
        if self.show_domains {
            let all = context.client()?.domains(&app).await?;
            let served = all.into_iter().filter(|domain| endpoint.domains.contains(&domain.id));
            domains = served.map(|domain| domain.hostname).collect();
        }
        super::print(context, &endpoint, "Certificate details:", &domains)
    }
}
