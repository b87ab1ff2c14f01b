use paas_control::ops::{explain::Explained, placement::Placement};
use paas_db::apps::App;
use paas_platform as wire;

use super::app_reference;

pub(crate) fn placement(placement: Placement) -> wire::AppPlacement {
    wire::AppPlacement {
        canary_seconds: placement.canary_seconds(),
        health_path: placement.health_path,
        labels: placement.labels,
    }
}

pub(crate) fn explanation(app: &App, explained: Explained) -> wire::PlacementExplanation {
    let hosts = explained.hosts.into_iter().map(|one| wire::HostVerdict {
        is_here: one.is_here,
        name: one.host,
        reason: one.reason,
        verdict: one.verdict.to_owned(),
    });
    wire::PlacementExplanation {
        app: app_reference(app),
        cpu_millis: explained.cpu_millis,
        hosts: hosts.collect(),
        memory_mb: explained.memory_mb,
        size: explained.size.name().to_owned(),
        kind: explained.kind.to_string(),
    }
}
