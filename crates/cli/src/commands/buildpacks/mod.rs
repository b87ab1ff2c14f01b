pub(super) mod add;
mod change;
pub(super) mod clear;
pub(super) mod list;
pub(super) mod remove;
pub(super) mod set;
