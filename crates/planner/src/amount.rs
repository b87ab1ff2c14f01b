use paas_model::DynoSize;

use crate::{Build, Host, Offer};

/// Memory and CPU. Negative: more is held than there is, as on a host that was made smaller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Amount {
    pub(crate) mb: i64,
    pub(crate) millis: i64,
}

impl Amount {
    pub(crate) fn new(mb: u32, millis: u32) -> Self {
        Self { mb: i64::from(mb), millis: i64::from(millis) }
    }

    pub(crate) fn of_host(host: &Host) -> Self {
        Self::new(host.memory_mb, host.cpu_millis)
    }

    pub(crate) fn of_offer(offer: &Offer) -> Self {
        Self::new(offer.memory_mb, offer.cpu_millis)
    }

    pub(crate) fn of_size(size: DynoSize) -> Self {
        Self::new(size.memory_mb(), size.cpu_millis())
    }

    pub(crate) fn of_build(build: &Build) -> Self {
        Self::new(build.memory_mb, build.cpu_millis)
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self { mb: self.mb + other.mb, millis: self.millis + other.millis }
    }

    pub(crate) const fn minus(self, other: Self) -> Self {
        Self { mb: self.mb - other.mb, millis: self.millis - other.millis }
    }

    pub(crate) const fn times(self, count: i64) -> Self {
        Self { mb: self.mb * count, millis: self.millis * count }
    }

    /// One of so many equal parts; of none, all of it.
    pub(crate) fn share(self, parts: u32) -> Self {
        let parts = i64::from(parts.max(1));
        Self { mb: self.mb / parts, millis: self.millis / parts }
    }

    pub(crate) const fn fits_in(self, room: Self) -> bool {
        self.mb <= room.mb && self.millis <= room.millis
    }

    /// How often it goes into `room`.
    pub(crate) fn times_in(self, room: Self) -> i64 {
        let times = |part: i64, whole: i64| if part <= 0 { i64::MAX } else { (whole / part).max(0) };
        times(self.mb, room.mb).min(times(self.millis, room.millis))
    }

    /// How much more of the memory of a `whole` this is than of its CPU: above 0 what needs memory above all, below 0
    /// what needs CPU above all.
    pub(crate) const fn lean(self, whole: Self) -> i64 {
        self.mb * whole.millis - self.millis * whole.mb
    }

    /// For people: what is left, and never less than nothing.
    pub(crate) fn shown(self) -> (u32, u32) {
        let shown = |part: i64| u32::try_from(part.max(0)).unwrap_or(u32::MAX);
        (shown(self.mb), shown(self.millis))
    }
}
