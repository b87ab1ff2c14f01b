pub(super) mod list;
pub(super) mod packages;
pub(super) mod rebase;
pub(super) mod set;
