use paas_platform::ReleaseCreate;

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Run the newest release's release command again, as a new release
#[derive(Debug, clap::Args)]
pub(crate) struct Retry {
    #[command(flatten)]
    app: AppArgs,
}

impl Retry {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let newest = super::find(client, &app, None).await?;
        let has_command = client.formation(&app).await?.iter().any(|formation| formation.kind == "release");
        let Some(slug) = newest.slug.filter(|_| has_command || newest.output_stream_url.is_some()) else {
            return Err(Error::mistake(
                format!("{} has no release command to run again.", printer::app(&app)),
                "name one in the Procfile, as `release: COMMAND`",
            ));
        };
        let label = format!("Retrying v{} on {}", newest.version, printer::app(&app));
        let action = context.printer.action(label);
        let body = ReleaseCreate {
            slug: Some(slug.id.to_string()),
            description: Some(format!("Retry of v{}: {}", newest.version, newest.description)),
            ..ReleaseCreate::default()
        };
        let release = client.create_release(&app, &body).await?;
        action.done_with(format!("v{}", release.version));
        super::output::stream(client, context.printer, &release).await
    }
}
