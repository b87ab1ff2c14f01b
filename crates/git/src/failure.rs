use std::io;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::Refusal;

/// A request that git gets no answer to. Git shows a plain text body as `remote: …` lines.
#[derive(Debug)]
pub(crate) enum Failure {
    /// `realm` is what the client shows when it asks for a password.
    Unauthorized {
        realm: String,
    },
    /// As the client named it.
    NoSuchApp(String),
    Refused(Refusal),
    /// The old protocol, which reads files off a web server.
    DumbProtocol,
    UnknownService,
    WrongContentType(&'static str),
    UnknownEncoding,
    /// Too many pushes or fetches are under way.
    Busy,
    /// Git could not be run, or the repository not be made.
    Broken(io::Error),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, text) = match &self {
            Self::Unauthorized { .. } => {
                (StatusCode::UNAUTHORIZED, "Log in with any user name and an API token as the password.".to_owned())
            }
            Self::NoSuchApp(name) => (StatusCode::NOT_FOUND, format!("!\tNo such app as {}.", printable(name))),
            Self::Refused(refusal) => {
                refusal.log();
                (status(refusal), format!("!\t{}", sentence(refusal)))
            }
            Self::DumbProtocol => (
                StatusCode::FORBIDDEN,
                "Only git's smart HTTP protocol is spoken here; git 1.6.6 and newer speak it.".to_owned(),
            ),
            Self::UnknownService => {
                (StatusCode::FORBIDDEN, "There is git-upload-pack and git-receive-pack, and nothing else.".to_owned())
            }
            Self::WrongContentType(wanted) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("The request must be of type {wanted}."))
            }
            Self::UnknownEncoding => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The request may be gzip, or not compressed.".to_owned())
            }
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "!\tToo many pushes and fetches are under way; try again shortly.".to_owned(),
            ),
            Self::Broken(error) => {
                tracing::error!(%error, "git could not be run");
                (StatusCode::INTERNAL_SERVER_ERROR, "!\tSomething went wrong on our side.".to_owned())
            }
        };
        let mut response = (status, format!("{text}\n")).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Self::Unauthorized { realm } = &self
            && let Ok(challenge) = HeaderValue::try_from(format!("Basic realm=\"{realm}\""))
        {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

const fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::UnknownToken => StatusCode::UNAUTHORIZED,
        Refusal::NoSuchApp => StatusCode::NOT_FOUND,
        Refusal::Forbidden(_) => StatusCode::FORBIDDEN,
        Refusal::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Errors begin small and end without a stop, so that they can be put together; here is where one stands alone.
fn sentence(refusal: &Refusal) -> String {
    let text = refusal.to_string();
    let mut rest = text.chars();
    let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", rest.as_str().trim_end_matches('.'))
}

/// A name from a URL, fit for a terminal.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(60).collect()
}
