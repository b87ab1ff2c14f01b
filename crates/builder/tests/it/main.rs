//! Builds with a real Docker Engine and a real registry. What needs neither is tested in `src`.

mod bench;
mod cancel;
mod hostile;
mod node;
mod python;
mod registry;
mod source;
mod transcripts;
