//! What the platform does: `ops` are the use-cases, one function and one transaction each, called by the edges (git,
//! web); `reconcile` are the loops that make the rows true.
//!
//! Invariants: only `ops` and the loops' own bookkeeping write; every use-case checks who asks before it looks at
//! anything else; a loop takes no input but rows, may be killed between any two statements, and goes on where it was.
//! No state lives only here: the handle below holds connections and settings.

mod catalog;
pub mod certificate;
mod control;
pub mod crash;
mod error;
pub mod ops;
mod password;
pub mod reconcile;
mod signer;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod world;

pub use catalog::Catalog;
pub use control::{Control, Settings};
pub use crash::CRASH_POINTS;
pub use error::OpError;
/// What use-cases are called with, for edges that see no database.
pub use paas_db::{accounts::Account, apps::App};
/// How plans are made.
pub use paas_planner::Policy as PlacementPolicy;
pub use signer::{HostRegistry, HostSigner, SignError, SignedHost};
