use paas_builder::{BuilderError, InputError};
use paas_db::DbError;
use paas_hosts::EngineError;
use paas_logs::LogsError;

/// Why a use-case was not done. Nothing was changed then. The texts of the first five are for users, in Heroku's words
/// where Heroku has some; the causes of the last are for the server's log.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    /// `resource` is the API's word for what was not found (`app`, `release`).
    #[error("{message}")]
    NotFound { resource: &'static str, message: String },
    #[error("{0}")]
    Forbidden(String),
    /// The request cannot be done as it is.
    #[error("{0}")]
    Invalid(String),
    /// Whoever asks has not shown who they are.
    #[error("{0}")]
    Unauthorized(String),
    /// The password is right, and the account wants a second factor too.
    #[error("A second authentication factor is required.")]
    TwoFactor,
    /// Too many guesses.
    #[error("{0}")]
    RateLimited(String),
    /// It could be done at another moment.
    #[error("{0}")]
    Conflict(String),
    /// A part of the platform is down; the same request may be repeated.
    #[error("{0} is not available at the moment; try again shortly")]
    Unavailable(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("something went wrong on our side")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl OpError {
    pub(crate) fn not_found(resource: &'static str) -> Self {
        Self::NotFound { resource, message: format!("Couldn't find that {}.", resource.replace('_', " ")) }
    }

    /// `what`: the beginning of the sentence that tells the user why.
    pub(crate) fn input(what: &str, error: InputError) -> Self {
        match error {
            InputError::Refused(why) => Self::Invalid(format!("{what}: {why}.")),
            InputError::Infrastructure(error) => error.into(),
        }
    }

    pub(crate) fn invalid(message: impl std::fmt::Display) -> Self {
        Self::Invalid(message.to_string())
    }
}

impl From<DbError> for OpError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::AppNameTaken => Self::Invalid("Name is already taken".to_owned()),
            DbError::EmailTaken => Self::Invalid("Email is already taken".to_owned()),
            DbError::KeyTaken => {
                Self::Invalid("Fingerprint already exists. Please use unique SSH public key.".to_owned())
            }
            DbError::HostNameTaken => Self::Invalid("Another host has this name".to_owned()),
            DbError::HostAddressTaken => Self::Invalid("Another host has this address".to_owned()),
            DbError::PoolNameTaken => Self::Invalid("Name is already taken".to_owned()),
            DbError::PoolInvalid => Self::Invalid(
                "A pool needs a type, a zone, a minimum no larger than its maximum (at most 1000), and a disk of 8 to 16384 GB"
                    .to_owned(),
            ),
            DbError::TransferPending => Self::Invalid("The app is offered to somebody already.".to_owned()),
            DbError::HostnameTaken => Self::Invalid("Another app has this domain".to_owned()),
            DbError::CnameTaken | DbError::SniEndpointNameTaken => {
                Self::Conflict("A name that was just invented is taken; try again".to_owned())
            }
            DbError::DrainUrlTaken => Self::Conflict("Already exists".to_owned()),
            DbError::AccountGone => Self::not_found("account"),
            DbError::AppGone => Self::not_found("app"),
            DbError::SniEndpointGone => Self::not_found("sni_endpoint"),
            DbError::Unavailable(_) => Self::Unavailable("the database", error.into()),
            other => Self::Internal(other.into()),
        }
    }
}

impl From<EngineError> for OpError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Unavailable { .. } => Self::Unavailable("the host", error.into()),
            other => Self::Internal(other.into()),
        }
    }
}

impl From<BuilderError> for OpError {
    fn from(error: BuilderError) -> Self {
        match error {
            // The uploader's doing, not the registry's.
            BuilderError::BlobTooLarge { .. } | BuilderError::BlobEmpty => {
                Self::Invalid(format!("The upload cannot be taken: {error}."))
            }
            other => Self::Unavailable("the image registry", other.into()),
        }
    }
}

impl From<LogsError> for OpError {
    fn from(error: LogsError) -> Self {
        Self::Unavailable("the log store", error.into())
    }
}

/// An error with its sources in one line, for the server's log.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
