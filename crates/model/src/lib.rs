//! The domain's nouns and rules, and nothing that touches the world.
//!
//! Invariants: no I/O, no clock, no randomness, no environment, no async. What depends on "now" takes a `now`; what
//! needs an id takes a [`uuid::Uuid`]. Everything here is a value that can be compared, printed and tested in
//! microseconds. Parsing happens once, at the edge; inside, a value of one of these types is already valid.

mod app_json;
mod app_name;
mod buildpack;
mod config_vars;
mod container_images;
mod crash;
mod drain_url;
mod dyno;
mod dyno_size;
mod free_disk;
mod host;
mod hostname;
mod id;
mod labels;
mod log_line;
mod permission;
mod process_type;
mod procfile;
mod reachable;
mod release;
mod retention;
mod scale;
mod scope;
mod slug_layer;
mod state;
mod trusted_proxies;

pub use app_json::{AppJson, Wanted};
pub use app_name::{AppName, AppNameError};
pub use buildpack::{BUILTIN, BuildpackSource, BuildpackSourceError, DETECTED, FALLBACK};
pub use config_vars::{ConfigPatch, ConfigVarError, ConfigVars, MAX_CONFIG_BYTES};
pub use container_images::ContainerImages;
pub use crash::CrashPolicy;
pub use drain_url::{DrainHost, DrainTransport, DrainUrl, DrainUrlError};
pub use dyno::{DynoKind, DynoName};
pub use dyno_size::{DynoSize, UnknownDynoSize};
pub use free_disk::{FreeDisk, FreeDiskError};
pub use host::{HostName, HostNameError, PoolName};
pub use hostname::{Hostname, HostnameError};
pub use id::{
    AccountId, AppId, AuditEventId, BuildId, ClientId, CollaboratorId, ConfigId, ControllerId, DomainId, DrainId,
    DynoId, FormationId, HostId, InstallationId, InvitationId, JoinTokenId, KeyId, LeaseId, LogSessionId, PoolId,
    ReleaseId, ResetId, SetupId, ShellId, SlugId, SniEndpointId, SourceId, TokenId, TransferId,
};
pub use labels::{DEDICATED, LabelError, Labels, ROLE, ROLE_BUILD, parse_label};
pub use log_line::{LogLine, LogSource, MAX_LINE_BYTES};
pub use permission::{Permission, Permissions, UnknownPermission};
pub use process_type::{ProcessType, ProcessTypeError};
pub use procfile::{Procfile, ProcfileWarning};
pub use reachable::is_public;
pub use release::{ReleaseVersion, describe};
pub use retention::{Retention, SlugUse};
pub use scale::{Quantity, ScaleError, ScaleRequest};
pub use scope::Scope;
pub use slug_layer::{SlugLayer, SlugTree};
pub use state::{BuildState, DynoState, HostFault, HostState, Purchase, ReleaseState, SetupState, UnknownState};
pub use trusted_proxies::{NetworkError, TrustedProxies};
