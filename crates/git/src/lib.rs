//! The git endpoint: `git push` turns a commit into a source tarball and asks the platform to build it; `git clone`
//! gives it back.
//!
//! ```text
//! http.rs ─ who is it, which app ─▶ exchange.rs ─ pipes ─▶ git receive-pack ─▶ its pre-receive hook
//!                                                                                    │ hook/: `paasd git-hook`
//! deploy.rs ◀─ hooks.rs ◀──────────── frames over a Unix socket (frame.rs) ◀─────────┘
//!     │ push_target.rs: the platform as git sees it; control.rs: the real one
//!     └─ texts (transcript.rs) ─▶ hook ─▶ side-band 2 ─▶ `remote: …` on the pusher's terminal
//! ```
//!
//! Invariants: packs and tarballs are never in this process's memory as a whole. Git runs with nothing of the server's
//! environment and no configuration but ours. A commit is built before its ref moves, and the ref moves only if the build
//! succeeded. Whoever hangs up ends neither the build nor the ref's move. What the hook may do hangs on a secret that is
//! made for one push and forgotten with it. The builder never knows git, and git never knows the builder.

mod config;
mod control;
mod credentials;
mod deploy;
mod endpoint;
mod error;
mod exchange;
mod failure;
mod frame;
pub mod hook;
mod hooks;
mod http;
mod program;
mod push_target;
mod pushes;
mod repositories;
mod service;
mod transcript;

pub use config::{GitConfig, GitLimits};
pub use endpoint::{Git, open};
pub use error::GitError;
pub use hooks::Hooks;
pub use push_target::{BuildResult, Platform, PushTarget, PushedCommit, Refusal, SourceStream, TextStream, Visit};
