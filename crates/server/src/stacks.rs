//! The images that builds and dynos run on, made at the first start.

use std::time::Duration;

use anyhow::Result;
use paas_builder::{Registry, StackConfig, ensure_stacks};
use paas_hosts::{Engines, HostEndpoint, LocalEngines};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::progress;

const RETRY_EVERY: Duration = Duration::from_secs(10);
/// Lines that wait to be printed.
const LINES: usize = 64;

/// Makes or pulls what is missing, once; nothing happens when all is there. False: it failed, as when the engine does not
/// answer, and [`keep_trying`] is due. Until it succeeds, builds wait.
pub(crate) async fn provide(endpoint: &HostEndpoint, registry: &Registry, stacks: &[StackConfig]) -> bool {
    let (lines, mut printed) = mpsc::channel(LINES);
    let print = async {
        while let Some(line) = printed.recv().await {
            progress::line(format_args!("       {line}"));
        }
    };
    let (made, ()) = tokio::join!(make(endpoint, registry, stacks, lines), print);
    match made {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the stack images cannot be made");
            false
        }
    }
}

/// Tries again until it succeeds or `stop`.
pub(crate) async fn keep_trying(
    endpoint: HostEndpoint,
    registry: Registry,
    stacks: Vec<StackConfig>,
    stop: CancellationToken,
) {
    let again = async {
        loop {
            sleep(RETRY_EVERY).await;
            if provide(&endpoint, &registry, &stacks).await {
                tracing::info!("the stack images are ready");
                break;
            }
        }
    };
    if stop.run_until_cancelled(again).await.is_some() {
        stop.cancelled().await;
    }
}

async fn make(
    endpoint: &HostEndpoint,
    registry: &Registry,
    stacks: &[StackConfig],
    lines: mpsc::Sender<String>,
) -> Result<()> {
    let engine = LocalEngines.engine(endpoint)?;
    Ok(ensure_stacks(&*engine, registry, stacks, lines).await?)
}
