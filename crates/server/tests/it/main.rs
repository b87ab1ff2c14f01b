#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod embedded;
mod first_start;
mod process;
mod roles;
mod rows;
