//! A platform of a test's own, used as people use it: `paasd up`, the `paas` command, git, and requests through the router.
//!
//! Only the container engine is shared with other tests; what a platform leaves in it is told by its host's id, by its
//! builds' ids and by its registry's port, and removed at the end.

mod app;
mod audit;
mod buildpack;
mod cleanup;
mod client;
pub(crate) mod containers;
mod database;
mod elsewhere;
mod gate;
mod heroku;
mod load;
mod moto;
mod platform;
mod pool;
mod ports;
mod receiver;
mod repo;
mod role;
mod router;
mod run;
mod script;
mod seed;

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

pub(crate) use self::{
    app::{SERVER, WEB, files_of_example},
    audit::{nothing_is_left_over, nothing_runs_twice},
    containers::Container,
    database::Database,
    elsewhere::Elsewhere,
    gate::Gate,
    heroku::{Heroku, Manifest},
    load::Tally,
    moto::{Instance, Moto},
    platform::Platform,
    pool::{Host, Network, Pool, Rack},
    receiver::Receiver,
    repo::{Push, Repo},
    run::{Ran, run},
    script::Script,
};

const POLL: Duration = Duration::from_millis(50);

/// What `look` gives as soon as it gives something; fails after `limit`, naming what never happened.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < limit, "after {limit:?} still not so: {what}");
        sleep(POLL);
    }
}

pub(crate) const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}
