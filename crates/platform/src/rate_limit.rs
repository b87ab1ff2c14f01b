use serde::{Deserialize, Serialize};

/// `GET /account/rate-limits`; the same number is in the header `RateLimit-Remaining` of every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RateLimit {
    /// Requests left in this hour.
    pub remaining: u32,
}
