use std::process::{Command, Stdio};

use url::Url;

use crate::{
    context::{AppArgs, Context},
    error::Error,
};

/// Open the app in a browser
#[derive(Debug, clap::Args)]
pub(crate) struct Open {
    /// Path in the app, or a whole URL
    #[arg(value_name = "PATH")]
    path: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Open {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let name = context.app(&self.app)?;
        let app = context.client()?.app(&name).await?;
        let bad_url = |_| Error::mistake("That is no path of an app.", "give it as /path");
        let mut url = Url::parse(app.web_url.as_deref().unwrap_or_default()).map_err(bad_url)?;
        if let Some(path) = &self.path {
            url = url.join(path).map_err(bad_url)?;
        }
        // For whoever has no browser here, and for scripts.
        context.printer.line(url.as_str())?;
        let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        let ran = Command::new(opener).arg(url.as_str()).stdin(Stdio::null()).stdout(Stdio::null()).status();
        if !ran.is_ok_and(|status| status.success()) {
            context.printer.warn(format!("{opener} did not open a browser; the address is above."));
        }
        Ok(())
    }
}
