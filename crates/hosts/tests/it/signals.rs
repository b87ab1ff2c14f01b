//! Signals reach all of a container.

use futures::StreamExt;
use paas_hosts::{Engine, Signal, testing::contract::holds};

use crate::fixture::{IMAGE, docker, printed};

#[tokio::test]
async fn a_grandchild_in_its_own_session_gets_sigterm() {
    holds(docker(), IMAGE, async |bench| {
        // The command outlives its own SIGTERM: with its end all else in the container is killed.
        let script = r#"trap : TERM; setsid sh -c 'trap "echo grandchild got TERM; exit 0" TERM; echo ready; while :; do sleep 600 & wait $!; done' & wait; wait"#;
        let name = bench.start_until_it_prints("session", script).await;
        bench.engine.signal(&name, Signal::Term).await.unwrap();
        bench.engine.wait(&name).await.unwrap();
        assert!(printed(bench, &name).await.contains("grandchild got TERM"));
    })
    .await;
}

#[tokio::test]
async fn a_process_gets_one_sigterm_and_no_second() {
    holds(docker(), IMAGE, async |bench| {
        let script = r#"trap 'echo TERM' TERM; echo ready; n=0; while [ $n -lt 2 ]; do n=$((n+1)); sleep 600 & wait $!; done; kill %1 %2 2>/dev/null; read done < /tmp/done; echo end"#;
        let script = format!("mkfifo /tmp/done; {script}");
        let name = bench.start_until_it_prints("once", &script).await;
        bench.engine.signal(&name, Signal::Term).await.unwrap();
        let mut log = bench.engine.logs(&name, None).await.unwrap();
        let mut lines = Vec::new();
        while lines.len() < 2 {
            lines.push(log.next().await.unwrap().unwrap().bytes);
        }
        bench.engine.signal(&name, Signal::Kill).await.unwrap();
        while let Some(chunk) = log.next().await {
            lines.push(chunk.unwrap().bytes);
        }
        assert_eq!(lines, [&b"ready\n"[..], b"TERM\n"]);
    })
    .await;
}
