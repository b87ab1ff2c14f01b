use paas_platform::{Build, Client};

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer::Printer,
};

/// Show what a build printed, while it runs or later
#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// Id of the build; the newest if it is not given
    #[arg(value_name = "BUILD")]
    build: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Output {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let build = super::find(client, &app, self.build.as_deref()).await?;
        stream(client, context.printer, &build).await
    }
}

/// Copies the output to stdout until the build has ended.
pub(super) async fn stream(client: &Client, printer: Printer, build: &Build) -> Result<(), Error> {
    let mut output = client.open_text(&build.output_stream_url).await?;
    while let Some(bytes) = output.chunk().await? {
        printer.raw(&bytes)?;
    }
    Ok(())
}
