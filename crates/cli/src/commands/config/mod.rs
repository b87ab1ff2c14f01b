pub(super) mod edit;
pub(super) mod get;
pub(super) mod list;
pub(in crate::commands) mod set;
pub(super) mod unset;
