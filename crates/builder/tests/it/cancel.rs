use std::time::{Duration, Instant};

use paas_builder::{BuildError, BuildRequest, Builder};
use paas_hosts::{ContainerName, ContainerState, Engine};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, app, app_that_runs};

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_build_is_gone_within_moments() {
    let bench = Bench::new().await;
    let request = bench.request(app_that_runs("sleep infinity")).await;
    let cancel = CancellationToken::new();
    let stop = async {
        while !is_running(&bench, &request).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        cancel.cancel();
        Instant::now()
    };
    let (done, since) = tokio::join!(bench.run_until(&request, cancel.clone()), stop);
    assert!(matches!(done.result, Err(BuildError::Cancelled)), "{:?}", done.result);
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_attempt_removes_what_a_dead_one_left() {
    let bench = Bench::new().await;
    let mut request = bench.request(app_that_runs("sleep infinity")).await;
    let builder = Builder::new(bench.config.clone(), bench.registry.clone());
    let (events, mut received) = mpsc::channel(100);
    {
        // Dropped in the middle, as when the server is killed.
        let attempt = builder.build(&bench.engine, &request, events, CancellationToken::new());
        let running = async {
            while !is_running(&bench, &request).await {
                received.recv().await.unwrap();
            }
        };
        tokio::select! { _ = attempt => unreachable!("it never ends"), () = running => {} }
    }
    request.source_digest = bench.upload(app(&[("requirements.txt", "")])).await;
    bench.run(&request).await.built();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_source_is_our_failure_and_not_the_users() {
    let bench = Bench::new().await;
    let mut request = bench.request(app(&[("requirements.txt", "")])).await;
    request.source_digest = format!("sha256:{}", "0".repeat(64));
    let done = bench.run(&request).await;
    assert!(matches!(done.result, Err(BuildError::Infrastructure(_))), "{:?}", done.result);
}

async fn is_running(bench: &Bench, request: &BuildRequest) -> bool {
    let name = ContainerName(format!("build-{}", request.build_id));
    bench.engine.inspect(&name).await.unwrap().is_some_and(|status| status.state == ContainerState::Running)
}
