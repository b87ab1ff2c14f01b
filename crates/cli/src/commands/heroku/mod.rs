pub(super) mod any;
pub(super) mod env;

mod forwarder;
mod refused;
mod settings;
