//! `paasd`; see `paas_server`.

use std::process::ExitCode;

/// Gives memory back soon after a build or a push has used it; `.cargo/config.toml` says how soon. The C library's
/// allocator keeps it: twice the resident memory after a few builds.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    paas_server::command::run()
}
