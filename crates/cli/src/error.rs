use std::{io, path::PathBuf, process::ExitCode};

use paas_platform::ClientError;

/// Why a command did not do what it was asked. Display is what happened; [`Error::hint`] what to do next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("You are not logged in to {server}.")]
    NotLoggedIn { server: String },
    #[error("No app is given, and the git remotes here name none on {server}.")]
    NoApp { server: String },
    #[error("The git remotes here are of several apps: {}.", .remotes.join(", "))]
    SeveralApps { remotes: Vec<String> },
    #[error("{message}")]
    Mistake { message: String, hint: Option<String> },
    #[error("Could not read or write {}.", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} is not a credentials file.", .path.display())]
    Credentials { path: PathBuf, source: toml::de::Error },
    #[error("Could not run {program}.")]
    Program { program: String, source: io::Error },
    #[error("{program} failed: {message}")]
    ProgramFailed { program: String, message: String },
    #[error("Could not attach to the dyno at {address}.")]
    Attach { address: String, source: io::Error },
    /// Standard output or input is gone. When the reader of a pipe has left, nobody is told.
    #[error("Could not write the output.")]
    Output(#[from] io::Error),
}

impl Error {
    pub(crate) fn mistake(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Mistake { message: message.into(), hint: Some(hint.into()) }
    }

    /// What to do next, as a phrase.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Client(error) => client_hint(error),
            Self::NotLoggedIn { .. } => {
                Some("log in with `paas login`, or set PAAS_API_KEY (and PAAS_SERVER for another server)".to_owned())
            }
            Self::NoApp { .. } => {
                Some("name one with `--app NAME`, or connect this repository with `paas git:remote -a NAME`".to_owned())
            }
            Self::SeveralApps { .. } => Some(
                "say which with `--app NAME` or `--remote NAME`, or for good with `git config paas.remote NAME`"
                    .to_owned(),
            ),
            Self::Mistake { hint, .. } => hint.clone(),
            Self::Credentials { .. } => Some("mend it, or remove it and log in again".to_owned()),
            Self::Program { program, .. } => Some(format!("is {program} installed?")),
            Self::Attach { .. } => Some(
                "the dyno's port must be reachable from here, and its certificate be of the server's CA".to_owned(),
            ),
            Self::File { .. } | Self::ProgramFailed { .. } | Self::Output(_) => None,
        }
    }

    /// As Heroku's CLI: 2 for an error of the API, 100 when not logged in, 1 for the rest.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::NotLoggedIn { .. } => 100,
            Self::Client(error) if error.status() == Some(401) => 100,
            Self::Client(error) if error.status().is_some() => 2,
            _ => 1,
        })
    }

    /// The deepest cause, where it says more than the error itself.
    pub(crate) fn cause(&self) -> Option<String> {
        let first = match self {
            // Transparent: its own source is the client error's.
            Self::Client(error) => std::error::Error::source(error),
            other => std::error::Error::source(other),
        };
        std::iter::successors(first, |error| error.source()).last().map(|error| error.to_string().trim_end().to_owned())
    }

    /// Whether the reader of our output has gone, as `head` does.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn client_hint(error: &ClientError) -> Option<String> {
    let text = match error {
        ClientError::Connect { .. } => {
            "is the server running? Start it with `paasd up` (or `./dev up`), or name another with PAAS_SERVER"
        }
        ClientError::Tls { .. } => {
            "give the CA certificate of the server: `paas login --ca FILE`, or PAAS_CA=FILE; the address must be in its certificate"
        }
        ClientError::Transport { .. } => "what was asked may have been done or not: look before you repeat it",
        ClientError::Decode { .. } | ClientError::Url(_) | ClientError::Status { .. } => {
            "is that a paas server, and of this version?"
        }
        ClientError::Setup(_) => "the CA file must be a certificate in PEM form",
        ClientError::Api { status: 401, .. } => "the token is not (or no longer) valid; log in again with `paas login`",
        ClientError::Api { status: 404, body } if body.resource.as_deref() == Some("app") => {
            "`paas apps` lists your apps"
        }
        ClientError::Api { status: 404, body } if body.resource.as_deref() == Some("release") => {
            "`paas releases` lists this app's releases"
        }
        ClientError::Api { status: 404, body } if body.resource.as_deref() == Some("slug") => {
            "`paas slugs` lists this app's slugs"
        }
        ClientError::Api { status: 404, body } if body.resource.as_deref() == Some("stack") => {
            "`paas stacks` lists the stacks"
        }
        ClientError::Api { status: 404, body } if body.resource.as_deref() == Some("dyno") => {
            "`paas ps` lists this app's dynos"
        }
        ClientError::Api { status: 404, body } if body.resource.as_deref() == Some("host") => {
            "`paas hosts` lists the hosts"
        }
        ClientError::Api { status: 404, body } if body.resource.as_deref() == Some("pool") => {
            "`paas pools` lists the pools"
        }
        ClientError::Api { status: 404, body } if body.resource.as_deref() == Some("domain") => {
            "`paas domains` lists this app's domains"
        }
        ClientError::Api { status: 404, body } if body.resource.as_deref() == Some("sni_endpoint") => {
            "`paas certs` lists this app's certificates"
        }
        ClientError::Api { status: 404, body } if body.resource.as_deref() == Some("log_drain") => {
            "`paas drains` lists this app's drains"
        }
        ClientError::Api { status: 429, .. } => "wait a few minutes",
        ClientError::Api { status: 500.., .. } => "the server's log has the reason",
        ClientError::Api { .. } => return None,
    };
    Some(text.to_owned())
}
