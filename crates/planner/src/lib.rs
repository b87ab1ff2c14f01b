//! Decides which dyno runs where, and does nothing about it.
//!
//! [`plan`] compares the world as the database has it with what the apps' formations ask for, and says which dynos to
//! start, place and stop, what it waits for and why, and when to ask again although nothing happened. The executor
//! (`control::reconcile`) writes that down in the same transaction and chooses nothing itself.
//!
//! Invariants: no I/O, no clock, no randomness, no hash maps. Equal worlds give equal plans, whatever the order of their
//! rows. [`lint`] checks what every plan must keep; [`sim`] plays plans against a world that misbehaves by seed.
//!
//! Where to look: `slot.rs` judges one slot, `draft.rs` turns all judgements into a plan, `pool.rs` picks hosts.

mod draft;
mod explain;
mod lint;
mod plan;
mod policy;
mod pool;
pub mod sim;
mod slot;
mod world;

pub use draft::plan;
pub use explain::{Explanation, HostVerdict, explain};
pub use lint::{Violation, lint};
pub use plan::{Action, NearestMiss, Plan, StopReason, WaitReason, Waiting};
pub use policy::Policy;
pub use pool::Score;
pub use world::{App, Dyno, Formation, Host, Release, World};
