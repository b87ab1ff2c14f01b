//! The platform as git sees it. In the product `paas_control::Control` stands behind these traits (`control.rs`); tests
//! put a scripted one there.

use std::{error::Error, fmt, io, net::IpAddr, sync::Arc, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use paas_model::{AppId, AppName, AuditEventId, BuildId, ReleaseId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// A tar+gzip as it comes. It ends with an error when whoever sends it went away.
pub type SourceStream = BoxStream<'static, io::Result<Bytes>>;
/// Text for the pusher, in pieces of any size.
pub type TextStream = BoxStream<'static, Result<String, Refusal>>;

/// Finds apps for those who may have them.
#[async_trait]
pub trait Platform: fmt::Debug + Send + Sync + 'static {
    /// # Errors
    /// [`Refusal::UnknownToken`], [`Refusal::NoSuchApp`], [`Refusal::Forbidden`], in this order.
    async fn app(&self, token: &SecretString, name: &AppName, visit: &Visit) -> Result<Arc<dyn PushTarget>, Refusal>;
}

/// What a request comes for, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Else it only reads.
    pub pushes: bool,
    /// Who is connected; `None`: not known.
    pub peer: Option<IpAddr>,
    /// All of `X-Forwarded-For`; to be believed as far as the peer is.
    pub forwarded_for: String,
}

/// One app, in the hands of one account that may push to it.
#[async_trait]
pub trait PushTarget: fmt::Debug + Send + Sync + 'static {
    fn id(&self) -> AppId;

    fn name(&self) -> &AppName;

    /// Writes down that a push begins. When that fails, nothing is pushed.
    async fn begin_push(&self) -> Result<AuditEventId, Refusal>;

    /// Writes down that it has ended. `deployed`: the branch whose build succeeded.
    async fn end_push(&self, event: AuditEventId, deployed: Option<&str>);

    /// Stores the source and puts a build of it in line.
    async fn start_build(
        &self,
        commit: &PushedCommit,
        source: SourceStream,
        since: Instant,
    ) -> Result<BuildId, Refusal>;

    /// Whether builds of the same app come before this one.
    async fn must_wait(&self, build: BuildId) -> Result<bool, Refusal>;

    /// What the build prints, from its beginning, until it has ended. May be opened again.
    fn build_output(&self, build: BuildId) -> TextStream;

    /// Waits until the build has ended.
    async fn build_result(&self, build: BuildId) -> Result<BuildResult, Refusal>;

    /// What the release command prints, from its beginning, until it has ended. May be opened again.
    fn release_output(&self, release: ReleaseId) -> TextStream;

    /// Waits until the release command has ended, and says whether well.
    async fn release_succeeded(&self, release: ReleaseId) -> Result<bool, Refusal>;

    /// Remembers the bytes that the app's repository takes.
    async fn set_repository_size(&self, bytes: u64) -> Result<(), Refusal>;
}

/// What is to be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedCommit {
    /// `main` or `master`.
    pub branch: String,
    /// All 40 hexadecimal digits.
    pub id: String,
    /// First line of its message.
    pub summary: String,
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildResult {
    /// `release_phase`: the release whose command decides whether it goes live; `None`: it is live at once.
    Succeeded { release_phase: Option<ReleaseId> },
    /// `built_before`: an earlier build was made of the same commit.
    Failed { built_before: bool },
}

/// Why the platform does not do what a push or fetch wants. Display is for the user; the source, for the server's log.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the API token is missing or wrong")]
    UnknownToken,
    #[error("there is no such app")]
    NoSuchApp,
    #[error("{0}")]
    Forbidden(String),
    /// It cannot be done as it is.
    #[error("{0}")]
    Invalid(String),
    /// A part of the platform is down; the same may work shortly.
    #[error("{message}")]
    Unavailable { message: String, source: Box<dyn Error + Send + Sync> },
    #[error("something went wrong on our side")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl Refusal {
    /// Whether the same request may succeed later, without any change.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Tells the server's log what the user is not told. Called once, where the refusal is answered.
    pub(crate) fn log(&self) {
        if let Self::Unavailable { source, .. } | Self::Internal(source) = self {
            let mut chain = source.to_string();
            let mut cause = source.source();
            while let Some(error) = cause {
                chain.push_str(&format!(": {error}"));
                cause = error.source();
            }
            tracing::error!(error = chain, "git: {self}");
        }
    }
}
