use crate::ApiErrorBody;

/// Why a request got no good answer. Display is one sentence and never repeats its source.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server refused, and said why.
    #[error("{}", .body.message)]
    Api { status: u16, body: ApiErrorBody },
    /// An error without Heroku's error body: something between us and the server, or not our server at all.
    #[error("{server} answered with status {status}, and without saying why.")]
    Status { server: String, status: u16 },
    /// Nothing listens there, or its name does not resolve.
    #[error("Could not connect to {server}.")]
    Connect { server: String, source: reqwest::Error },
    /// Connected, but no trusted TLS session came about.
    #[error("Could not make a trusted TLS connection to {server}.")]
    Tls { server: String, source: reqwest::Error },
    /// The connection broke, or the server was silent for too long.
    #[error("The connection to {server} was lost.")]
    Transport { server: String, source: reqwest::Error },
    #[error("{server} answered with something that is no {wanted}.")]
    Decode { server: String, wanted: &'static str, source: serde_json::Error },
    /// A URL that the server gave us, and that is none.
    #[error("The server gave a URL that cannot be used.")]
    Url(#[source] url::ParseError),
    /// A CA certificate that cannot be read, or no TLS on this machine.
    #[error("The HTTP client could not be set up.")]
    Setup(#[source] reqwest::Error),
}

impl ClientError {
    /// The id of an API error: `not_found`, `unauthorized`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Api { body, .. } => Some(&body.id),
            _ => None,
        }
    }

    /// The HTTP status, where an answer came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } | Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Sorts a failed request. The URL is taken out of `error`: it may hold a secret.
    pub(super) fn from_request(server: &str, error: reqwest::Error) -> Self {
        let (server, source) = (server.to_owned(), error.without_url());
        match source.is_connect() {
            true if is_tls(&source) => Self::Tls { server, source },
            true => Self::Connect { server, source },
            false => Self::Transport { server, source },
        }
    }
}

/// rustls names no kind that survives the layers above it: a refused certificate is known by its words, and so is a peer
/// that hangs up during the handshake.
fn is_tls(error: &reqwest::Error) -> bool {
    let chain = std::iter::successors(std::error::Error::source(error), |error| error.source());
    let mut io_errors = chain.filter_map(|error| error.downcast_ref::<std::io::Error>());
    io_errors.any(|io| {
        let inner = io.get_ref().map(ToString::to_string).unwrap_or_default();
        let words = ["invalid peer certificate", "tls handshake", "received corrupt message", "received fatal alert"];
        words.iter().any(|word| inner.starts_with(word))
    })
}
