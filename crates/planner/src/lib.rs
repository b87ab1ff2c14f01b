//! Decides which dyno and which build runs where and how many hosts there are, and does nothing about it.
//!
//! [`plan`] compares the world as the database has it with what the apps' formations ask for, and says which dynos to
//! start, place and stop, which hosts to launch, drain and terminate, what it waits for and why, and when to ask again
//! although nothing happened. The executor (`control::reconcile`) writes that down in the same transaction and chooses
//! nothing itself. A [`Planner`] gives the same plans for the price of what has changed.
//!
//! Invariants: no I/O, no clock, no randomness, no hash maps. Equal worlds give equal plans, whatever the order of their
//! rows. [`lint`] checks what every plan must keep; [`sim`] plays plans against a world that misbehaves by seed.
//!
//! Where to look: `planner.rs` is the order of things. `slot.rs` judges one slot and `survey.rs` one type of one app;
//! `draft.rs` turns judgements into a plan; `room.rs` picks hosts. `growth.rs` asks for hosts when something does not
//! fit, `fleet.rs` gives them back.

mod amount;
mod audience;
mod blend;
mod builds;
mod demand;
mod draft;
mod explain;
mod fleet;
mod growth;
mod lint;
mod missing;
mod muster;
mod need;
mod plan;
mod planner;
mod policy;
mod room;
mod shelf;
pub mod sim;
mod slot;
mod spread;
mod standing;
mod store;
mod survey;
mod waiting;
mod world;

pub use explain::{Explanation, HostExplanation, Unfit, Verdict, explain, explain_dyno};
pub use lint::{Violation, lint};
pub use plan::{Action, DrainReason, Plan, StopReason, TerminateReason};
pub use planner::{Change, Planner, plan};
pub use policy::Policy;
pub use room::Score;
pub use waiting::{BuildWaiting, NearestMiss, WaitReason, Waiting};
pub use world::{App, Build, Dyno, Formation, Host, Offer, Pool, Release, World};
