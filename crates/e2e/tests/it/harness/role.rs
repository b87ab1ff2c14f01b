//! `paasd` as a part of a platform, in a process of its own.

use std::process::{Child, Command};

/// It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Role(Child);

impl Role {
    pub(super) fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("paasd can be run"))
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has told.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
