pub(super) mod login;
pub(super) mod logout;
pub(super) mod token;
pub(super) mod whoami;
