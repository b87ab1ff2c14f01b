use std::error::Error;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use paas_control::OpError;
use paas_db::DbError;
use paas_platform::{ApiErrorBody, error_id};

/// An answer that is an error, in Heroku's form: `{"id", "message"[, "resource"][, "url"]}`.
///
/// `message` is for users. One with a status of 500 and up never holds a cause: that is in the server's log, under the
/// request's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub status: StatusCode,
    /// Clients decide by it.
    pub id: &'static str,
    pub message: String,
    /// What kind of thing was not found.
    pub resource: Option<&'static str>,
    /// Where to read on.
    pub url: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, id: &'static str, message: impl Into<String>) -> Self {
        Self { status, id, message: message.into(), resource: None, url: None }
    }

    pub(crate) fn not_found(resource: &'static str) -> Self {
        let body = ApiErrorBody::not_found(resource);
        Self { resource: Some(resource), ..Self::new(StatusCode::NOT_FOUND, error_id::NOT_FOUND, body.message) }
    }

    pub(crate) fn no_such_endpoint() -> Self {
        let message = "There is no such endpoint. Check the path and the HTTP verb; docs/api.md lists what is served.";
        Self::new(StatusCode::NOT_FOUND, error_id::NOT_FOUND, message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error_id::UNAUTHORIZED, "Invalid credentials provided.")
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error_id::BAD_REQUEST, message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error_id::INVALID_PARAMS, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request_entity_too_large", message)
    }

    pub(crate) fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error_id::MAINTENANCE, message)
    }

    /// The cause is logged by whoever knows it.
    pub(crate) fn internal() -> Self {
        let message = "Something went wrong on our side. The Request-Id of this answer finds the cause in our log.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error_id::INTERNAL_SERVER_ERROR, message)
    }
}

impl From<OpError> for ApiError {
    fn from(error: OpError) -> Self {
        match error {
            OpError::NotFound { resource, message } => {
                Self { resource: Some(resource), ..Self::new(StatusCode::NOT_FOUND, error_id::NOT_FOUND, message) }
            }
            OpError::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, error_id::FORBIDDEN, message),
            OpError::Unauthorized(message) => Self::new(StatusCode::UNAUTHORIZED, error_id::UNAUTHORIZED, message),
            OpError::TwoFactor => Self::new(StatusCode::FORBIDDEN, error_id::TWO_FACTOR, error.to_string()),
            OpError::RateLimited(message) => Self::new(StatusCode::TOO_MANY_REQUESTS, error_id::RATE_LIMIT, message),
            OpError::Invalid(message) => Self::invalid(message),
            OpError::Conflict(message) => Self::new(StatusCode::CONFLICT, error_id::CONFLICT, message),
            OpError::Unavailable(..) => {
                tracing::error!(error = causes(&error), "a part of the platform did not answer");
                Self::unavailable(sentence(&error.to_string()))
            }
            OpError::Internal(_) => {
                tracing::error!(error = causes(&error), "a call failed");
                Self::internal()
            }
        }
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        OpError::from(error).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ApiErrorBody {
            id: self.id.to_owned(),
            message: self.message,
            resource: self.resource.map(str::to_owned),
            url: self.url,
        };
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            // Not Basic: browsers would ask for a password, keep it, and send it with requests of other sites' making.
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The error and what caused it, as one line for the log.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}

/// `the database is down` as `The database is down.`
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_ours_does_not_tell_its_cause() {
        let cause = || Box::new(std::io::Error::other("password=hunter2"));
        for error in [OpError::Internal(cause()), OpError::Unavailable("the database", cause())] {
            let shown = ApiError::from(error);
            assert!(shown.status.is_server_error() && !shown.message.contains("hunter2"), "{shown:?}");
        }
    }

    #[test]
    fn the_log_gets_every_cause() {
        let error = OpError::Internal(Box::new(std::io::Error::other("the disk is full")));
        assert_eq!(causes(&error), "something went wrong on our side: the disk is full");
    }
}
