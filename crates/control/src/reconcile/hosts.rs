//! The pool: enters the machine that the server runs on, and keeps one executor running per host.

use std::time::Duration;

use paas_db::{hosts, hosts::Host, new_id};
use paas_model::HostId;
use tokio_util::sync::CancellationToken;

use crate::{Control, OpError, error::chain};

/// How often the local engine is asked, which also keeps its capacity up to date.
const HEARTBEAT: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(1);

/// The machine that the server runs on, as a host of the pool.
#[derive(Debug, Clone)]
pub struct LocalHost {
    pub name: String,
    /// `unix:///var/run/docker.sock`
    pub endpoint: String,
    /// MiB that dynos may not use: the system's and the platform's own.
    pub reserved_mb: u32,
}

pub(super) async fn run(control: Control, local: LocalHost, stop: CancellationToken) {
    let mut executor = None;
    let mut answered = true;
    while !stop.is_cancelled() {
        let pause = match enter(&control, &local).await {
            Ok(host) => {
                executor.get_or_insert_with(|| tokio::spawn(super::host::run(control.clone(), host, stop.clone())));
                answered = true;
                HEARTBEAT
            }
            Err(error) => {
                if std::mem::take(&mut answered) {
                    tracing::warn!(host.name = local.name, error = chain(&error), "the host does not answer");
                }
                RETRY
            }
        };
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
    if let Some(executor) = executor {
        let _ = executor.await;
    }
}

async fn enter(control: &Control, local: &LocalHost) -> Result<Host, OpError> {
    let engine = control.engine_at(&local.endpoint)?;
    let info = engine.info().await?;
    let total = u32::try_from(info.memory_mb).unwrap_or(u32::MAX);
    let memory_mb = total.saturating_sub(local.reserved_mb);
    let id = new_id::<HostId>();
    Ok(hosts::enter(control.db.pool(), id, &local.name, &local.endpoint, memory_mb, info.cpus).await?)
}
