//! Experimental features. Accounts have none here, so all of them are apps'.

pub(super) mod disable;
pub(super) mod enable;
pub(super) mod list;
