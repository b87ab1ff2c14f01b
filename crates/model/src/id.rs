//! One newtype per kind of row, so that an app's id cannot be passed where a dyno's is wanted.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The bare uuid, for wire types and log fields.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+};
}

ids! {
    /// A person or robot that owns apps and holds tokens.
    AccountId,
    AppId,
    /// What somebody did, or tried to.
    AuditEventId,
    BuildId,
    /// Somebody's share in an app of another's.
    CollaboratorId,
    /// A web app that people let into their accounts (Heroku: OAuth client).
    ClientId,
    /// One immutable set of config vars; a release points at one.
    ConfigId,
    /// One controller process, as long as it runs; the lease on the hosts that it looks after.
    ControllerId,
    /// A custom host name of an app.
    DomainId,
    /// Where an app's log lines are sent.
    DrainId,
    /// One run of one process; a restart is a new dyno with the same name.
    DynoId,
    /// One process type of one app, with its quantity and size.
    FormationId,
    HostId,
    /// One buildpack in an app's ordered list.
    InstallationId,
    /// A link on which a new person sets a password.
    InvitationId,
    /// A one-time token that a host joins with.
    JoinTokenId,
    /// A public SSH key.
    KeyId,
    /// New for every claim of a work row, so that a late writer finds out that it lost it.
    LeaseId,
    LogSessionId,
    /// A group of hosts that the platform launches itself.
    PoolId,
    ReleaseId,
    /// An app that is being made from an app.json.
    SetupId,
    /// A link on which somebody sets a new password.
    ResetId,
    /// A root shell on a host.
    ShellId,
    SlugId,
    /// A certificate with its key, for custom domains.
    SniEndpointId,
    /// An uploaded source tarball.
    SourceId,
    /// An API token (Heroku: OAuth authorization).
    TokenId,
    /// An app on its way to another owner.
    TransferId,
}
