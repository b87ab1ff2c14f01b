use url::Url;

use crate::{
    browser,
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
        browser::open(context, url.as_str())
    }
}
