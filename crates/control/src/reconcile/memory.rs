//! Tells apps whose dynos use more memory than their size has (Heroku: R14).
//!
//! That takes swap: a dyno's limit is hard, and where no swap is added to it, the kernel ends the dyno at the limit
//! (R15) before it can exceed it. Nothing is said of one that comes near: "exceeded" would not be true.

use futures::{StreamExt, stream};
use paas_db::dynos::{self, Dyno};
use paas_hosts::ContainerStats;
use paas_model::DynoState;

use super::dyno::Context;
use crate::{OpError, error::chain, ops::attach::container_of};

/// So many are asked about at once: looking is not to cost more than what is looked at.
const AT_ONCE: usize = 4;

/// Never returns.
pub(super) async fn run(context: &Context) {
    loop {
        tokio::time::sleep(context.control.settings.sample_every).await;
        if let Err(error) = turn(context).await {
            tracing::debug!(host.id = %context.host, error = chain(&error), "memory cannot be looked at");
        }
    }
}

async fn turn(context: &Context) -> Result<(), OpError> {
    let mut rows = dynos::on_host(context.control.db.pool(), context.host).await?;
    rows.retain(|row| matches!(row.state, DynoState::Starting | DynoState::Up));
    let samples = rows.into_iter().map(|row| sample(context, row));
    stream::iter(samples).buffer_unordered(AT_ONCE).collect::<()>().await;
    Ok(())
}

async fn sample(context: &Context, row: Dyno) {
    // One that has just ended has nothing to tell.
    if let Ok(Some(stats)) = context.engine.stats(&container_of(row.id)).await {
        tell(context, &row, &stats);
    }
}

fn tell(context: &Context, row: &Dyno, stats: &ContainerStats) {
    let used = stats.memory_mb + stats.swap_mb.unwrap_or(0);
    if let Some(line) = exceeded(used, row.size.memory_mb()) {
        context.say(row, line);
        context.say(row, "Error R14 (Memory quota exceeded)");
    }
}

/// `Process running mem=1028M(200.8%)`, or nothing to say. Both in MiB.
fn exceeded(used: u64, quota: u32) -> Option<String> {
    let permille = used.saturating_mul(1_000) / u64::from(quota.max(1));
    let (percent, tenth) = (permille / 10, permille % 10);
    (used > u64::from(quota)).then(|| format!("Process running mem={used}M({percent}.{tenth}%)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_more_than_the_quota_is_too_much() {
        assert_eq!(exceeded(512, 512), None);
        assert_eq!(exceeded(529, 512).as_deref(), Some("Process running mem=529M(103.3%)"));
        assert_eq!(exceeded(1_028, 512).as_deref(), Some("Process running mem=1028M(200.7%)"));
    }
}
