use crate::{
    confirmation::confirm,
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Remove a certificate; its domains go on with the platform's own
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// Its name, where the app has several
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    app: AppArgs,
    /// The app's name again, instead of being asked for it
    #[arg(short, long, value_name = "NAME")]
    confirm: Option<String>,
}

impl Remove {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let name = super::find(context, &app, self.name.as_deref()).await?.name;
        let label = printer::app(&app);
        confirm(context, &format!("This removes the endpoint {name} from {label}."), &app, self.confirm)?;
        let action = context.printer.action(format!("Removing SSL certificate {name} from {label}"));
        context.client()?.remove_sni_endpoint(&app, &name).await?;
        action.done();
        Ok(())
    }
}
