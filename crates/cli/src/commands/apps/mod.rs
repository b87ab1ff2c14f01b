pub(super) mod create;
pub(super) mod destroy;
pub(super) mod info;
pub(super) mod list;
pub(super) mod open;
pub(super) mod rename;
