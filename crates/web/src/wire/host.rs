use paas_control::ops::hosts::{HostLoad, address};
use paas_platform as wire;

pub(crate) fn host(load: &HostLoad) -> wire::Host {
    let host = &load.host;
    wire::Host {
        address: address(host).map(|address| address.to_string()),
        builds: load.builds,
        certificate_expires_at: host.certificate_expires_at.map(Into::into),
        cpu_used_millis: load.cpu_used_millis,
        cpus: host.cpus,
        created_at: host.created_at.into(),
        drain_requested: host.drain_requested,
        dynos: load.dynos,
        engine_version: host.engine_version.clone(),
        fault: host.fault().map(|fault| fault.to_string()),
        id: host.id.uuid(),
        image: host.image.clone(),
        instance_type: host.instance_type.clone(),
        labels: host.labels.clone(),
        machine_id: host.machine_id.clone(),
        memory_mb: host.memory_mb,
        memory_used_mb: load.memory_used_mb,
        name: host.name.clone(),
        pool: load.pool.as_ref().map(|(id, name)| wire::NamedReference { id: id.uuid(), name: name.clone() }),
        price_per_hour: u64::try_from(host.price_micros).ok().filter(|price| *price > 0).map(dollars),
        reason: host.reason.clone(),
        seen_at: host.seen_at.map(Into::into),
        since: host.since.into(),
        spot: host.spot,
        state: host.state.to_string(),
        zone: host.zone.clone(),
    }
}

/// Millionths of a dollar as dollars.
pub(super) fn dollars(micros: u64) -> f64 {
    micros as f64 / 1e6
}
