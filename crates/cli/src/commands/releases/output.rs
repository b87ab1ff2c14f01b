use paas_platform::{Client, ClientError, Release};

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer::Printer,
};

/// Show what a release's release phase printed, while it runs or later
#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// v12 or 12; the newest if it is not given
    #[arg(value_name = "RELEASE")]
    release: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Output {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let release = super::find(client, &app, self.release.as_deref()).await?;
        if release.output_stream_url.is_none() {
            context.printer.warn(format!("Release v{} has no release output available.", release.version));
            return Ok(());
        }
        stream(client, context.printer, &release).await
    }
}

/// Copies the output to stdout, if the release has any.
pub(super) async fn stream(client: &Client, printer: Printer, release: &Release) -> Result<(), Error> {
    let Some(url) = &release.output_stream_url else { return Ok(()) };
    let mut output = match client.open_text(url).await {
        Err(error @ (ClientError::Api { .. } | ClientError::Status { .. })) if error.status() == Some(404) => {
            printer.warn("Release command not started yet. Please try again in a few seconds.");
            return Ok(());
        }
        other => other?,
    };
    while let Some(bytes) = output.chunk().await? {
        printer.raw(&bytes)?;
    }
    Ok(())
}
