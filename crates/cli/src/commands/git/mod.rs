pub(super) mod credentials;
pub(super) mod remote;
