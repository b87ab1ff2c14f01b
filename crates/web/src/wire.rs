//! Rows as the API shows them.

mod account;
mod app;
mod authorization;
mod build;
mod buildpack;
mod dyno;
mod dyno_size;
mod formation;
mod host;
mod host_shell;
mod key;
mod placement;
mod pool;
mod reference;
mod region;
mod release;
mod slug;
mod stack;

pub(crate) use account::account;
pub(crate) use app::app;
pub(crate) use authorization::{authorization, issued, session};
pub(crate) use build::build;
pub(crate) use buildpack::{buildpack, installations};
pub(crate) use dyno::dyno;
pub(crate) use dyno_size::dyno_size;
pub(crate) use formation::formation;
pub(crate) use host::host;
pub(crate) use host_shell::host_shell;
pub(crate) use key::key;
pub(crate) use placement::{explanation, placement};
pub(crate) use pool::{pool, pool_plan};
pub(crate) use reference::{app_reference, named};
pub(crate) use region::region;
pub(crate) use release::release;
pub(crate) use slug::slug;
pub(crate) use stack::{stack, stacks};
