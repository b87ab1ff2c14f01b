pub(super) mod attached;
pub(super) mod detached;
mod one_off;
