//! The contract of machines, held to by a real EC2 API (moto), and what only canned answers can show.

#![expect(clippy::unwrap_used, reason = "in a test it is an assertion; clippy's own exception stops at helpers")]

mod canned;
mod failures;
mod launches;
mod listing;
mod moto;
mod permissions;
mod policy;
mod types;

/// Against moto: without it these tests fail.
mod ec2_api {
    paas_hosts::machines_contract!(super::moto::MotoBench::start().await);
}
