//! Newer run images under slugs. Ours: Heroku does it unseen.

use serde::{Deserialize, Serialize};

use crate::{AppReference, NamedReference, Release};

/// What an app's current release stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppBase {
    pub app: AppReference,
    /// What the current release says of itself.
    pub description: String,
    /// Digest of the stack's run image as it is now; `None`: the stack is none of this server's any more.
    pub newest: Option<String>,
    /// Whether the release stands on another one.
    pub outdated: bool,
    /// That the slug was built on.
    pub stack: NamedReference,
    /// Of the current release.
    pub version: i32,
}

/// What became of `POST /apps/:app/actions/rebase`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rebase {
    /// As it was.
    pub base: AppBase,
    /// `None`: the app stood on the newest already.
    pub release: Option<Release>,
}
