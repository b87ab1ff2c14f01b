//! Heroku Platform API v3 on the wire: what the server answers with and what clients send, one noun per file.
//!
//! The types serialise exactly as Heroku's API description says, and parse what real clients send, which is less tidy
//! (numbers as strings, `0` for `false`, `null` for "not given"). They hold no rules: an app's name is a `String` here,
//! and becomes a domain type at the server's edge.
//!
//! With the feature `client` there is also a typed HTTP [`Client`].

mod account;
mod app;
mod app_setup;
mod app_transfer;
mod audit_event;
mod authorization;
mod browser_login;
mod build;
mod buildpack_installation;
#[cfg(feature = "client")]
mod client;
mod collaborator;
mod config_vars;
mod disk;
mod domain;
mod dyno;
mod dyno_size;
mod error_body;
mod feature;
mod filter_apps;
mod formation;
mod host;
mod host_shell;
mod invitation;
mod key;
mod lenient;
mod list_range;
mod log_drain;
mod log_session;
mod oauth_client;
mod oauth_token;
mod password_reset;
mod placement;
mod pool;
mod rate_limit;
mod rebase;
mod reference;
mod region;
mod registered_buildpack;
mod release;
mod secret;
mod slug;
mod slug_contents;
mod sni_endpoint;
mod source;
mod stack;
mod timestamp;
mod two_factor;
mod user_preferences;

pub use account::{Account, AccountDelete, AccountUpdate};
pub use app::{App, AppCreate, AppUpdate};
pub use app_setup::{
    AppSetup, AppSetupBuild, AppSetupChoices, AppSetupCreate, AppSetupOverrides, AppSetupPostdeploy, AppSetupStatus,
};
pub use app_transfer::{AppTransfer, AppTransferCreate, AppTransferUpdate};
pub use audit_event::{AuditEvent, AuditQuery, AuditedApp};
pub use authorization::{
    AccessToken, Authorization, AuthorizationClient, AuthorizationCreate, AuthorizationUpdate, AuthorizationUser,
    Grant, Session,
};
pub use browser_login::{BrowserLogin, BrowserLoginCreate, BrowserLoginResult};
pub use build::{Build, BuildCreate, BuildResult, BuildResultBuild, BuildResultLine, BuildStatus, SourceBlob};
pub use buildpack_installation::{
    Buildpack, BuildpackInstallation, BuildpackInstallationChoice, BuildpackInstallationsUpdate,
};
#[cfg(feature = "client")]
pub use client::{Client, ClientBuilder, ClientError, Event, EventStream, TextStream};
pub use collaborator::{AppPermission, Collaborator, CollaboratorCreate, CollaboratorUpdate, CollaboratorUser};
pub use config_vars::{ConfigVars, ConfigVarsUpdate};
pub use disk::{DiskReport, HostDisk, NextCollection, RegistryDisk};
pub use domain::{Domain, DomainCreate, DomainUpdate};
pub use dyno::{Dyno, DynoCreate, DynoRelease};
pub use dyno_size::DynoSize;
pub use error_body::{ApiErrorBody, error_id};
pub use feature::{Feature, FeatureUpdate};
pub use filter_apps::{AppFilter, AppsAmong, FilteredApp};
pub use formation::{DynoSizeChoice, Formation, FormationBatchUpdate, FormationUpdate, Quantity};
pub use host::{
    Host, HostCreate, HostJoin, HostJoined, HostRegistry, HostRemove, HostRenew, HostRenewed, HostUpdate, JoinCommand,
};
pub use host_shell::{HostShell, HostShellCreate};
pub use invitation::{AccountSummary, Invitation, InvitationCreate};
pub use key::{Key, KeyCreate};
pub use list_range::{ListRange, Order};
pub use log_drain::{LogDrain, LogDrainCreate};
pub use log_session::{LogSession, LogSessionCreate};
pub use oauth_client::{OAuthClient, OAuthClientUpdate};
pub use oauth_token::{
    OAuthToken, OAuthTokenAnswer, OAuthTokenClient, OAuthTokenCreate, OAuthTokenGrant, OAuthTokenRefresh,
};
pub use password_reset::{
    PasswordReset, PasswordResetFinalize, PasswordResetRequest, PasswordResetUser, ResetLink, ResetLinkCreate,
};
pub use placement::{AppPlacement, AppPlacementUpdate, HostVerdict, PlacementExplanation, PlacementQuery};
pub use pool::{PlannedEnd, PlannedLaunch, Pool, PoolPlan, PoolPlanQuery, PoolUpdate};
pub use rate_limit::RateLimit;
pub use rebase::{AppBase, Rebase};
pub use reference::{AppReference, IdReference, NamedReference, UserReference};
pub use region::{Region, RegionProvider};
pub use registered_buildpack::RegisteredBuildpack;
pub use release::{Artifact, Release, ReleaseCreate, ReleaseStatus};
pub use secret::Secret;
pub use slug::{Slug, SlugBlob, SlugCreate};
pub use slug_contents::{
    SlugChange, SlugContents, SlugDiff, SlugDiffQuery, SlugFile, SlugFileChange, SlugFileFacts, SlugFileKind,
    SlugFolder, SlugSummary,
};
pub use sni_endpoint::{SniEndpoint, SniEndpointUpdate, SslCert};
pub use source::{Source, SourceUrls};
pub use stack::Stack;
pub use timestamp::Timestamp;
pub use two_factor::{RecoveryCodes, TwoFactor, TwoFactorEnrollment, TwoFactorProof};
pub use user_preferences::UserPreferences;

/// The media type that every request and answer names (Heroku: "Platform API reference", Clients).
pub const MEDIA_TYPE: &str = "application/vnd.heroku+json; version=3";
