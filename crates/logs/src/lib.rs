//! The logs of apps: lines from dynos, the platform and routers go in; readers get the newest, or follow them live.
//!
//! ```text
//! write ──▶ queue (per app, bounded) ──▶ writer (a batch every 100 ms) ──▶ log_lines ──▶ read, tail, drains
//! ```
//!
//! Invariants: writing never waits and never fails. What does not fit is dropped, oldest first, and the log says how
//! much. One app's flood costs a bounded amount of memory and of database work per second. Readers read the database, so a
//! tail shows what any process wrote, and a slow reader slows only itself.

mod drains;
mod error;
mod line_splitter;
mod logs;
mod queue;
mod tail;
mod writer;

pub use drains::{DrainPolicy, Drains};
pub use error::LogsError;
pub use line_splitter::LineSplitter;
pub use logs::{HISTORY, Logs};
pub use paas_db::log_lines::{Filter, StoredLine};
