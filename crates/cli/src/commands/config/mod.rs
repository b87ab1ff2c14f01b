pub(super) mod edit;
pub(super) mod get;
pub(super) mod list;
pub(super) mod set;
pub(super) mod unset;
