use paas_hosts::EngineError;

/// A part that building stands on did not do its job. Display says what happened on this level; `source` has the rest.
#[derive(Debug, thiserror::Error)]
pub enum BuilderError {
    #[error("the registry's address {0:?} is not http://HOST[:PORT] or https://HOST[:PORT]")]
    RegistryUrl(String),
    #[error("the registry failed to {doing}")]
    Registry { doing: &'static str, source: Box<oci_client::errors::OciDistributionError> },
    /// Why.
    #[error("the registry did not delete an image: {0}")]
    NotDeleted(String),
    #[error("there is no token for the registry")]
    RegistryToken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the blob is larger than the limit of {limit} bytes")]
    BlobTooLarge { limit: u64 },
    #[error("the blob is empty")]
    BlobEmpty,
    #[error("the registry does not have {0}")]
    NotFound(String),
    #[error("the registry's image {image} cannot be built upon: {reason}")]
    StackImage { image: String, reason: String },
    #[error("the container engine failed to {doing}")]
    Engine { doing: &'static str, source: EngineError },
    #[error("reading {what} failed")]
    Io { what: &'static str, source: std::io::Error },
    #[error("an HTTP client failed")]
    Http(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server does not know the stack that an app asks for.
    #[error("there is no stack {0}")]
    NoSuchStack(String),
}

/// Why a build gave no slug.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The user's to mend. What went wrong has been sent as output already; `reason` is a short form of it for the row.
    #[error("the build was rejected: {reason}")]
    Rejected { reason: String },
    #[error("the build was cancelled")]
    Cancelled,
    /// Ours: the same build may be tried again.
    #[error("the build could not be run")]
    Infrastructure(#[source] BuilderError),
}

impl BuilderError {
    pub(crate) fn engine(doing: &'static str) -> impl FnOnce(EngineError) -> Self {
        move |source| Self::Engine { doing, source }
    }

    /// Of a request to a user's URL, which is left out.
    pub(crate) fn http(error: reqwest::Error) -> Self {
        Self::Http(error.without_url().into())
    }

    pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}

impl From<BuilderError> for BuildError {
    fn from(error: BuilderError) -> Self {
        Self::Infrastructure(error)
    }
}
