use paas_platform::{DiskReport, HostDisk};

use crate::{
    context::{Context, JsonArgs},
    error::Error,
};

/// Show what takes the disks of hosts and registry
#[derive(Debug, clap::Args)]
pub(crate) struct Disk {
    #[command(flatten)]
    json: JsonArgs,
}

const HEADING: [&str; 8] = ["Host", "Disk", "Used", "Free", "Images", "Containers", "Volumes", "Build cache"];

impl Disk {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let report = context.client()?.disk().await?;
        if self.json.json {
            return context.printer.json(&report);
        }
        let printer = context.printer;
        printer.table(HEADING, report.hosts.iter().map(row))?;
        printer.line("")?;
        printer.object(&fields(&report))?;
        for host in &report.hosts {
            if let Some(error) = &host.error {
                printer.warn(format!("Host {} could not be looked at: {error}", host.host.name));
            }
        }
        if let Some(error) = &report.next_collection.error {
            printer.warn(format!("The image registry does not delete images: {error}"));
        }
        Ok(())
    }
}

fn row(host: &HostDisk) -> [String; 8] {
    let used = host.disk_bytes.zip(host.free_bytes).map(|(disk, free)| disk.saturating_sub(free));
    [
        host.host.name.clone(),
        size(host.disk_bytes),
        size(used),
        size(host.free_bytes),
        size(host.image_bytes),
        size(host.container_bytes),
        size(host.volume_bytes),
        size(host.build_cache_bytes),
    ]
}

fn fields(report: &DiskReport) -> Vec<(&'static str, String)> {
    let known = |bytes: u64| size(Some(bytes));
    let mut fields = Vec::new();
    match &report.registry {
        None => fields.push(("Registry", "not known: it is not the platform's own, or its server is away".to_owned())),
        Some(registry) => {
            let (free, disk) = (known(registry.free_bytes), known(registry.disk_bytes));
            fields.push(("Registry", format!("{free} free of {disk}")));
            if registry.counted_at.is_none() {
                fields.push(("Counted", "not yet".to_owned()));
            }
            fields.extend([
                ("Slugs", known(registry.slugs_bytes)),
                ("Caches", known(registry.caches_bytes)),
                ("Sources", known(registry.sources_bytes)),
                ("Stacks", known(registry.stacks_bytes)),
                ("Other", known(registry.other_bytes)),
                ("Unused", format!("{} (gone a day after it was last touched)", known(registry.unused_bytes))),
            ]);
        }
    }
    let next = &report.next_collection;
    let images: u64 = report.hosts.iter().filter_map(|host| host.unused_image_bytes).sum();
    fields.extend([
        ("Database", known(report.database_bytes)),
        ("Kept", format!("the slugs of {} releases of an app", report.kept_releases)),
        (
            "Next collection",
            format!(
                "{} slugs ({}), {} images in the registry, {} of images on hosts",
                next.slugs,
                known(next.slug_bytes),
                next.images,
                known(images)
            ),
        ),
        ("Builds need", format!("{} free", report.min_free)),
    ]);
    fields
}

/// `1.5 GB`; `-` where nothing is known.
fn size(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else { return "-".to_owned() };
    let unit = [("TB", 40), ("GB", 30), ("MB", 20)].into_iter().find(|(_, shift)| bytes >= 1 << shift);
    let (unit, shift) = unit.unwrap_or(("KB", 10));
    let tenths = (u128::from(bytes) * 10) >> shift;
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} {unit}"),
        (whole, tenth) => format!("{whole}.{tenth} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        for (bytes, shown) in
            [(0, "0 KB"), (1_536, "1.5 KB"), (1 << 20, "1 MB"), ((3 << 30) / 2, "1.5 GB"), (1 << 41, "2 TB")]
        {
            assert_eq!(size(Some(bytes)), shown);
        }
        assert_eq!(size(None), "-");
    }
}
