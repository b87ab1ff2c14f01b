use super::Files;
use crate::{
    confirmation::confirm,
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Put another certificate in place of one, for the same domains
#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    #[command(flatten)]
    files: Files,
    /// Its name, where the app has several
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    app: AppArgs,
    /// The app's name again, instead of being asked for it
    #[arg(short, long, value_name = "NAME")]
    confirm: Option<String>,
}

impl Update {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let name = super::find(context, &app, self.name.as_deref()).await?.name;
        let (body, label) = (self.files.read()?, printer::app(&app));
        confirm(context, &format!("This changes the certificate of endpoint {name} of {label}."), &app, self.confirm)?;
        let action = context.printer.action(format!("Updating SSL certificate {name} for {label}"));
        let endpoint = context.client()?.update_sni_endpoint(&app, &name, &body).await?;
        action.done();
        super::print(context, &endpoint, "Updated certificate details:", &[])
    }
}
