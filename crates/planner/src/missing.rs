use crate::{
    NearestMiss, WaitReason, amount::Amount, audience::Audience, draft::Draft, room::Space, standing::Standings as _,
};

impl Draft<'_> {
    /// Why no host takes this, and which comes nearest.
    pub(crate) fn missing(&self, audience: &Audience, need: Amount) -> WaitReason {
        if self.room.is_empty() {
            return WaitReason::NoHosts;
        }
        if !self.room.has_hosts(audience) {
            return WaitReason::LabelsUnmatched { dedicated: audience.dedicated.clone() };
        }
        let (need_mb, need_millis) = need.shown();
        let with_memory = self.room.hosts(audience).filter(|(_, space)| space.free.mb >= need.mb);
        let nearest_by_cpu = with_memory.max_by_key(|(id, space)| (space.free.millis, *id));
        let nearest = |(id, space): (_, &Space)| {
            let (free_mb, free_millis) = space.free.shown();
            Some(NearestMiss { host: self.store.host(id)?.name.clone(), free_mb, free_millis })
        };
        if let Some(host) = nearest_by_cpu.filter(|(_, space)| space.free.millis < need.millis) {
            return WaitReason::NoCpu { need_millis, nearest: nearest(host) };
        }
        let by_memory = self.room.hosts(audience).max_by_key(|(id, space)| (space.free.mb, *id));
        WaitReason::NoCapacity { need_mb, nearest: by_memory.and_then(nearest) }
    }
}
