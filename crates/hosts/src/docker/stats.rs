//! What a container uses, from the kernel's counters.

use std::time::Duration;

use bollard::{errors::Error, models::ContainerStatsResponse};
use chrono::DateTime;

use super::connection::{CALL_TIMEOUT, Connection, within};
use crate::{ContainerName, ContainerStats, EngineError};

const MIB: u64 = 1 << 20;

pub(super) async fn stats(
    connection: &Connection,
    name: &ContainerName,
) -> Result<Option<ContainerStats>, EngineError> {
    // One reading: otherwise the engine takes a second one after a second, to tell the CPU's share.
    let path = format!("/containers/{name}/stats?stream=false&one-shot=true");
    let read = within(CALL_TIMEOUT, async { connection.wire().await?.read(&path).await }).await;
    read.map(in_our_words).map_err(|error| match error {
        Error::DockerResponseServerError { status_code: 404, .. } => EngineError::NoSuchContainer(name.0.clone()),
        other => connection.failed("tell what a container uses", other),
    })
}

/// `None`: the counters are of a container that does not run.
fn in_our_words(stats: ContainerStatsResponse) -> Option<ContainerStats> {
    let memory = stats.memory_stats?;
    let counters = memory.stats.unwrap_or_default();
    // The first is of control groups v1, where children count too; the second of v2.
    let cache = counters.get("total_inactive_file").or_else(|| counters.get("inactive_file")).copied().unwrap_or(0);
    let at = DateTime::parse_from_rfc3339(&stats.read?).ok()?.to_utc();
    Some(ContainerStats {
        at,
        memory_mb: memory.usage?.saturating_sub(cache).div_ceil(MIB),
        memory_limit_mb: memory.limit? / MIB,
        swap_mb: counters.get("total_swap").or_else(|| counters.get("swap")).map(|bytes| bytes.div_ceil(MIB)),
        cpu_used: Duration::from_nanos(stats.cpu_stats?.cpu_usage?.total_usage?),
        processes: u32::try_from(stats.pids_stats?.current?).unwrap_or(u32::MAX),
    })
}
