//! `paasd`; see `paas_server`.

use std::process::ExitCode;

/// Gives memory back soon after a build or a push has used it. The C library's keeps it: twice the resident memory of an
/// idle server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    paas_server::command::run()
}
