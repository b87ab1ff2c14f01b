//! `paasd`; see `paas_server`.

use std::process::ExitCode;

fn main() -> ExitCode {
    paas_server::command::run()
}
