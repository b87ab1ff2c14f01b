pub(super) mod login;
pub(super) mod logout;
pub(super) mod password;
pub(super) mod token;
pub(super) mod two_factor;
pub(super) mod whoami;
