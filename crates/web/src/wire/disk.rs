use paas_control::ops::disk::{DiskReport, HostDisk};
use paas_platform as wire;

pub(crate) fn disk_report(report: DiskReport) -> wire::DiskReport {
    let registry = report.registry.map(|usage| {
        let kind = |name: &str| usage.kinds.get(name).copied().unwrap_or(0);
        wire::RegistryDisk {
            caches_bytes: kind("caches"),
            counted_at: usage.counted_at.map(Into::into),
            disk_bytes: bytes(usage.disk_bytes),
            free_bytes: bytes(usage.free_bytes),
            other_bytes: kind("other"),
            slugs_bytes: kind("slugs"),
            sources_bytes: kind("sources"),
            stacks_bytes: kind("stacks"),
            unused_bytes: bytes(usage.unused_bytes),
        }
    });
    wire::DiskReport {
        database_bytes: report.database_bytes,
        hosts: report.hosts.into_iter().map(host_disk).collect(),
        kept_releases: report.kept_releases,
        min_free: report.min_free.to_string(),
        next_collection: wire::NextCollection {
            error: report.delete_error,
            images: report.images_to_delete,
            slug_bytes: report.slug_bytes_to_collect,
            slugs: report.slugs_to_collect,
        },
        registry,
    }
}

fn host_disk(shown: HostDisk) -> wire::HostDisk {
    let HostDisk { host, disk, usage, unused_image_bytes, error } = shown;
    let usage = usage.as_ref();
    wire::HostDisk {
        build_cache_bytes: usage.map(|usage| usage.build_cache_bytes),
        container_bytes: usage.map(|usage| usage.container_bytes),
        disk_bytes: disk.map(|disk| disk.bytes),
        error,
        free_bytes: disk.map(|disk| disk.free_bytes),
        host: wire::NamedReference { id: host.id.uuid(), name: host.name },
        image_bytes: usage.map(|usage| usage.image_bytes),
        unused_image_bytes: usage.map(|_| unused_image_bytes),
        volume_bytes: usage.map(|usage| usage.volume_bytes),
    }
}

fn bytes(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}
