//! The domain's nouns and rules, and nothing that touches the world.
//!
//! Invariants: no I/O, no clock, no randomness, no environment, no async. What depends on "now" takes a `now`; what
//! needs an id takes a [`uuid::Uuid`]. Everything here is a value that can be compared, printed and tested in
//! microseconds. Parsing happens once, at the edge; inside, a value of one of these types is already valid.

mod app_name;
mod buildpack;
mod config_vars;
mod crash;
mod dyno;
mod dyno_size;
mod host;
mod id;
mod labels;
mod log_line;
mod permission;
mod process_type;
mod procfile;
mod release;
mod scale;
mod scope;
mod state;

pub use app_name::{AppName, AppNameError};
pub use buildpack::{BUILTIN, BuildpackSource, BuildpackSourceError};
pub use config_vars::{ConfigPatch, ConfigVarError, ConfigVars, MAX_CONFIG_BYTES};
pub use crash::CrashPolicy;
pub use dyno::{DynoKind, DynoName};
pub use dyno_size::{DynoSize, UnknownDynoSize};
pub use host::{HostName, HostNameError, PoolName};
pub use id::{
    AccountId, AppId, BuildId, ClientId, ConfigId, ControllerId, DynoId, FormationId, HostId, InstallationId,
    InvitationId, JoinTokenId, KeyId, LeaseId, LogSessionId, PoolId, ReleaseId, ResetId, ShellId, SlugId, SourceId,
    TokenId,
};
pub use labels::{DEDICATED, LabelError, Labels, ROLE, ROLE_BUILD, parse_label};
pub use log_line::{LogLine, LogSource, MAX_LINE_BYTES};
pub use permission::{Permission, UnknownPermission};
pub use process_type::{ProcessType, ProcessTypeError};
pub use procfile::{Procfile, ProcfileWarning};
pub use release::{ReleaseVersion, describe};
pub use scale::{Quantity, ScaleError, ScaleRequest};
pub use scope::Scope;
pub use state::{BuildState, DynoState, HostFault, HostState, Purchase, ReleaseState, UnknownState};
