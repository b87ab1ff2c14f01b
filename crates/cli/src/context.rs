use std::{cell::OnceCell, fs, path::PathBuf};

use paas_platform::{App, Client, Secret};

use crate::{
    credentials::Credentials, environment::Environment, error::Error, git, printer::Printer, server_url::ServerUrl,
};

/// What every command gets: the printer, the server that it talks to, and the way to find its app.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) printer: Printer,
    pub(crate) environment: Environment,
    pub(crate) server: ServerUrl,
    pub(crate) credentials: Credentials,
    client: OnceCell<Client>,
}

/// Which app.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct AppArgs {
    /// App to run the command against
    #[arg(short, long, value_name = "NAME")]
    pub(crate) app: Option<String>,
    /// Git remote of the app to run the command against
    #[arg(short, long, value_name = "REMOTE")]
    pub(crate) remote: Option<String>,
}

impl AppArgs {
    /// With the name that some commands also take as their argument.
    pub(crate) fn or_named(self, name: Option<String>) -> Self {
        Self { app: self.app.or(name), ..self }
    }
}

/// How to print.
#[derive(Debug, clap::Args)]
pub(crate) struct JsonArgs {
    /// Print JSON, as the API has it
    #[arg(short, long)]
    pub(crate) json: bool,
}

impl Context {
    pub(crate) fn load() -> Result<Self, Error> {
        let environment = Environment::read();
        let folder = environment.config_dir.clone().ok_or_else(|| {
            Error::mistake("There is no home folder to keep credentials in.", "set HOME or PAAS_CONFIG_DIR")
        })?;
        let credentials = Credentials::load(folder)?;
        let server = environment.server.as_deref().or(credentials.server()).unwrap_or(ServerUrl::DEFAULT);
        let server = ServerUrl::parse(server)?;
        Ok(Self { printer: Printer, environment, server, credentials, client: OnceCell::new() })
    }

    /// The token for the server.
    pub(crate) fn token(&self) -> Result<&Secret, Error> {
        let stored = || self.credentials.entry(&self.server).map(|entry| &entry.token);
        let token = self.environment.api_key.as_ref().or_else(stored);
        token.ok_or_else(|| Error::NotLoggedIn { server: self.server.origin() })
    }

    /// The file that holds the CA of the server; `None`: the system's roots count.
    pub(crate) fn ca_path(&self) -> Option<PathBuf> {
        self.environment.ca.clone().or_else(|| self.credentials.ca_path(&self.server))
    }

    pub(crate) fn ca_pem(&self) -> Result<Option<Vec<u8>>, Error> {
        let Some(path) = self.ca_path() else { return Ok(None) };
        fs::read(&path).map(Some).map_err(|source| Error::File { path, source })
    }

    /// The client of the server, as the user who is logged in.
    pub(crate) fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = client(&self.server, self.token()?.clone(), self.ca_pem()?)?;
        Ok(self.client.get_or_init(|| client))
    }

    /// The app that is meant: `--app`, `--remote`, `PAAS_APP`, then the git remotes of this folder.
    pub(crate) fn app(&self, args: &AppArgs) -> Result<String, Error> {
        let name = match (&args.app, &args.remote, &self.environment.app) {
            (Some(app), _, _) => app.clone(),
            (None, Some(remote), _) => self.app_of_remote(remote)?,
            (None, None, Some(app)) => app.clone(),
            (None, None, None) => self.app_of_repository()?,
        };
        // Names and ids; anything else would be a strange path of the API.
        match !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            true => Ok(name),
            false => Err(Error::mistake(format!("{name:?} is not the name of an app."), "`paas apps` lists your apps")),
        }
    }

    /// The URL of an app's repository. On the address that we talk to ourselves, if git can use that.
    pub(crate) fn git_url(&self, app: &App) -> String {
        match self.server.is_https() {
            true => format!("{}/{}.git", self.server, app.name),
            false => app.git_url.clone(),
        }
    }

    /// The server of [`Self::git_url`].
    pub(crate) fn git_server(&self, app: &App) -> ServerUrl {
        ServerUrl::of_git_url(&app.git_url).filter(|_| !self.server.is_https()).unwrap_or_else(|| self.server.clone())
    }

    /// Tells what the server asked to tell.
    pub(crate) fn print_warnings(&self) {
        for warning in self.client.get().map(Client::take_warnings).unwrap_or_default() {
            self.printer.warn(warning);
        }
    }

    fn app_of_remote(&self, name: &str) -> Result<String, Error> {
        let remotes = git::remotes()?;
        let app = remotes.iter().find(|remote| remote.name == name).and_then(|remote| self.server.app_of(&remote.url));
        app.ok_or_else(|| {
            Error::mistake(
                format!("There is no git remote {name} of an app on {}.", self.server),
                "`git remote -v` shows the remotes there are",
            )
        })
    }

    fn app_of_repository(&self) -> Result<String, Error> {
        if let Some(remote) = git::config("paas.remote")? {
            return self.app_of_remote(&remote);
        }
        let mut apps: Vec<_> = git::remotes()?
            .into_iter()
            .filter_map(|remote| Some((self.server.app_of(&remote.url)?, remote.name)))
            .collect();
        apps.sort();
        let mut names: Vec<_> = apps.iter().map(|(app, _)| app.clone()).collect();
        names.dedup();
        match (names.pop(), names.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(_), false) => Err(Error::SeveralApps {
                remotes: apps.into_iter().map(|(app, remote)| format!("{app} ({remote})")).collect(),
            }),
            (None, _) => Err(Error::NoApp { server: self.server.origin() }),
        }
    }
}

/// A client of any server.
pub(crate) fn client(server: &ServerUrl, token: Secret, ca_pem: Option<Vec<u8>>) -> Result<Client, Error> {
    let mut builder =
        Client::builder(server.to_url()).token(token).user_agent(concat!("paas-cli/", env!("CARGO_PKG_VERSION")));
    if let Some(pem) = ca_pem {
        builder = builder.ca_pem(pem);
    }
    Ok(builder.build()?)
}
