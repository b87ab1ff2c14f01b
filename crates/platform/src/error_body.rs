use serde::{Deserialize, Serialize};

/// Body of every answer that is an error (Heroku: "Platform API reference", Errors).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApiErrorBody {
    /// One of [`error_id`]; clients decide by it.
    pub id: String,
    /// For people. Clients print it as it is.
    pub message: String,
    /// What kind of thing was not found: `app`, `release`, `dyno`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Where to read on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Heroku's error ids, with the HTTP status that each comes with.
pub mod error_id {
    /// 400
    pub const BAD_REQUEST: &str = "bad_request";
    /// 401
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// 402
    pub const DELINQUENT: &str = "delinquent";
    /// 403
    pub const FORBIDDEN: &str = "forbidden";
    /// 403
    pub const SUSPENDED: &str = "suspended";
    /// 403
    pub const TWO_FACTOR: &str = "two_factor";
    /// 404
    pub const NOT_FOUND: &str = "not_found";
    /// 406: `Accept` names Heroku's media type, and no version of it.
    pub const MISSING_VERSION: &str = "missing_version";
    /// 406
    pub const NOT_ACCEPTABLE: &str = "not_acceptable";
    /// 409
    pub const CONFLICT: &str = "conflict";
    /// 410
    pub const GONE: &str = "gone";
    /// 412
    pub const PRECONDITION_FAILED: &str = "precondition_failed";
    /// 416
    pub const RANGE_NOT_SATISFIABLE: &str = "requested_range_not_satisfiable";
    /// 422
    pub const INVALID_PARAMS: &str = "invalid_params";
    /// 422
    pub const CONFIRMATION_REQUIRED: &str = "confirmation_required";
    /// 429
    pub const RATE_LIMIT: &str = "rate_limit";
    /// 500
    pub const INTERNAL_SERVER_ERROR: &str = "internal_server_error";
    /// 503
    pub const MAINTENANCE: &str = "maintenance";
}

impl ApiErrorBody {
    #[must_use]
    pub fn new(id: &str, message: impl Into<String>) -> Self {
        Self { id: id.to_owned(), message: message.into(), resource: None, url: None }
    }

    /// `Couldn't find that app.` for `resource = "app"`.
    #[must_use]
    pub fn not_found(resource: &str) -> Self {
        let message = format!("Couldn't find that {}.", resource.replace('_', " "));
        Self { resource: Some(resource.to_owned()), ..Self::new(error_id::NOT_FOUND, message) }
    }
}
