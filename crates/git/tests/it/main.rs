//! The endpoint as a git client meets it: the real `git` against a server on loopback, with a scripted platform behind.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod control;
mod fetch;
mod hang_up;
mod large;
mod platform;
mod push;
mod refs;
mod server;
mod source;
mod workspace;

/// The hooks' program in these tests is this very binary, with this one "test" chosen (`server.rs`).
#[test]
#[ignore = "runs as git's pre-receive hook"]
fn hook_process() {
    if std::env::var_os("PAAS_GIT_HOOK_SOCKET").is_some() {
        let code = paas_git::hook::main();
        std::process::exit(if code == std::process::ExitCode::SUCCESS { 0 } else { 1 });
    }
}
