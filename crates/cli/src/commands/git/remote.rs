use paas_platform::App;

use crate::{
    context::{AppArgs, Context},
    error::Error,
    git,
};

/// Connect this repository to an app
///
/// Adds a git remote, and sets, in this repository and for this server alone, where git finds the token and the server's CA.
#[derive(Debug, clap::Args)]
pub(crate) struct Remote {
    /// App to connect to
    #[arg(short, long, value_name = "NAME")]
    app: Option<String>,
    /// Name of the git remote
    #[arg(short, long, value_name = "REMOTE", default_value = "paas")]
    remote: String,
}

impl Remote {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        if !git::in_repository() {
            return Err(Error::mistake("This is not a git repository.", "make it one with `git init`"));
        }
        let name = context.app(&AppArgs { app: self.app, remote: None })?;
        let app = context.client()?.app(&name).await?;
        connect(context, &self.remote, &app)?;
        context.printer.line(format!("set git remote {} to {}", self.remote, context.git_url(&app)))
    }
}

/// Adds or changes the remote, and makes git find the token and trust the server.
pub(in crate::commands) fn connect(context: &Context, remote: &str, app: &App) -> Result<(), Error> {
    git::set_remote(remote, &context.git_url(app))?;
    let server = context.git_server(app);
    let ca = context.credentials.ca_path(&server).or_else(|| context.ca_path());
    // git reads the setting in whatever folder it is started.
    let ca = ca.and_then(|path| std::path::absolute(path).ok());
    git::connect(&server, ca.as_deref())
}
