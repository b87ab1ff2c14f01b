//! The contract, kept by both engines, and what only one of them can show.

#![expect(clippy::unwrap_used, reason = "in a test it is an assertion; clippy's own exception stops at helpers")]

mod build;
mod confinement;
mod fake;
mod fake_machines;
mod fixture;
mod join;
mod join_stub;
mod machine;
mod output;
mod registry;
mod remote;
mod signals;
mod silence;

use fixture::{IMAGE, docker};
use machine::Machine;

/// Against the Docker Engine of this machine: without one these tests fail.
mod docker_engine {
    paas_hosts::engine_contract!(super::docker(), super::IMAGE);
}

/// Against one on another machine, over mutual TLS.
mod docker_engine_over_tcp {
    paas_hosts::engine_contract!(super::Machine::shared().engine(), super::IMAGE);
}

/// In memory.
mod fake_engine {
    paas_hosts::engine_contract!(super::fake::engine(), super::IMAGE);
}

/// A cloud in memory; the EC2 API is held to the same in `paas-ec2`.
mod machines_in_memory {
    paas_hosts::machines_contract!(super::fake_machines::FakeBench::default());
}
