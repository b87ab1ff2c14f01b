pub(super) mod env;
