//! Builds with a real Docker Engine and a real registry. What needs neither is tested in `src`.

#![expect(clippy::unwrap_used, reason = "the bench's helpers fail as the tests do that call them")]

mod apt;
mod bench;
mod cancel;
mod container;
mod go;
mod hostile;
mod java;
mod matrix;
mod nginx;
mod node;
mod pgbouncer;
mod php;
mod procfile;
mod python;
mod registry;
mod ruby;
mod rust;
mod slug;
mod source;
mod stack;
mod static_site;
mod transcripts;
mod warm;
