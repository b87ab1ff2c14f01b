/// What an engine can answer besides success. Display says what happened on this level only; `source` has the rest.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// It did not answer, or the connection broke: the effect is unknown.
    #[error("the container engine at {endpoint} is not available")]
    Unavailable { endpoint: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{0:?} is no address of a container engine: it is unix:///PATH or tcp://IP:PORT/?name=HOST")]
    InvalidEndpoint(String),
    #[error("the container engine at {0} is on another machine, and there is no certificate to speak to it with")]
    NoTls(String),
    #[error("the {what} for engines cannot be used")]
    InvalidTls { what: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("image {0} was not found")]
    ImageNotFound(String),
    /// It is there, and no engine can unpack it: a layer is not what it should be.
    #[error("image {image} cannot be unpacked: {reason}")]
    BadImage { image: String, reason: String },
    /// The registry that the image's name says did not answer, or broke off.
    #[error("the registry of image {image} is not available: {reason}")]
    RegistryUnavailable { image: String, reason: String },
    #[error("there is no container {0}")]
    NoSuchContainer(String),
    #[error("there is no {path} in container {container}")]
    NoSuchPath { container: String, path: String },
    /// The engine's reason, fit for the app's log.
    #[error("the container cannot start: {0}")]
    CannotStart(String),
    /// The image's build failed; its output said why.
    #[error("building image {tag} failed: {reason}")]
    ImageBuild { tag: String, reason: String },
    #[error("builds cannot be kept from this machine: {reason}")]
    NoFirewall { reason: String },
    /// Any other refusal, with the engine's status and text.
    #[error("the container engine refused to {doing} ({status}): {reason}")]
    Refused { doing: &'static str, status: u16, reason: String },
}

impl EngineError {
    /// The same, for another who waited for it. Of a source only the text is kept.
    pub(crate) fn for_another(&self) -> Self {
        let source = |source: &(dyn std::error::Error + Send + Sync)| source.to_string().into();
        match self {
            Self::Unavailable { endpoint, source: cause } => {
                Self::Unavailable { endpoint: endpoint.clone(), source: source(cause.as_ref()) }
            }
            Self::InvalidEndpoint(text) => Self::InvalidEndpoint(text.clone()),
            Self::NoTls(endpoint) => Self::NoTls(endpoint.clone()),
            Self::InvalidTls { what, source: cause } => Self::InvalidTls { what, source: source(cause.as_ref()) },
            Self::ImageNotFound(image) => Self::ImageNotFound(image.clone()),
            Self::BadImage { image, reason } => Self::BadImage { image: image.clone(), reason: reason.clone() },
            Self::RegistryUnavailable { image, reason } => {
                Self::RegistryUnavailable { image: image.clone(), reason: reason.clone() }
            }
            Self::NoSuchContainer(name) => Self::NoSuchContainer(name.clone()),
            Self::NoSuchPath { container, path } => {
                Self::NoSuchPath { container: container.clone(), path: path.clone() }
            }
            Self::CannotStart(reason) => Self::CannotStart(reason.clone()),
            Self::ImageBuild { tag, reason } => Self::ImageBuild { tag: tag.clone(), reason: reason.clone() },
            Self::NoFirewall { reason } => Self::NoFirewall { reason: reason.clone() },
            Self::Refused { doing, status, reason } => Self::Refused { doing, status: *status, reason: reason.clone() },
        }
    }

    /// Whether trying again later, without any change, may help.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::RegistryUnavailable { .. })
    }
}
