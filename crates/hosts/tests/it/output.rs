//! Output that is long, fast, or on a terminal.

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use paas_hosts::{DockerEngine, Engine, LogChunk, testing::contract::Bench, testing::contract::holds};

use crate::fixture::{IMAGE, docker, printed};

/// One line of 100,000 characters, and a short one.
const LONG_LINE: &str = "head -c 100000 /dev/zero | tr '\\0' x; echo; echo end";

async fn chunks(bench: &Bench<DockerEngine>, script: &str, tty: bool, after: Option<DateTime<Utc>>) -> Vec<LogChunk> {
    let mut spec = bench.spec(script);
    spec.tty = tty;
    let name = bench.start("long", &spec).await;
    bench.engine.wait(&name).await.unwrap();
    bench.engine.logs(&name, after).await.unwrap().try_collect().await.unwrap()
}

#[tokio::test]
async fn a_line_that_the_engine_cuts_comes_whole_and_is_resumed_in_the_middle() {
    for tty in [false, true] {
        holds(docker(), IMAGE, async |bench| {
            let all = chunks(bench, LONG_LINE, tty, None).await;
            let text: Vec<u8> = all.iter().flat_map(|chunk| chunk.bytes.clone()).collect();
            let end = if tty { "\r\nend\r\n" } else { "\nend\n" };
            assert_eq!(String::from_utf8(text).unwrap(), format!("{}{end}", "x".repeat(100_000)));
            assert!(all.len() > 6 && all.is_sorted_by(|a, b| a.at < b.at));
            // The container has ended and is adopted: only the log is read again.
            let rest = chunks(bench, LONG_LINE, tty, Some(all[2].at)).await;
            assert_eq!(rest, all[3..]);
        })
        .await;
    }
}

#[tokio::test]
async fn both_streams_are_in_the_log_byte_for_byte() {
    holds(docker(), IMAGE, async |bench| {
        let script = "printf '\\001\\002 out\\n'; printf 'err \\033[1m\\n' >&2; printf 'no newline'";
        let name = bench.start("bytes", &bench.spec(script)).await;
        bench.engine.wait(&name).await.unwrap();
        let mut lines: Vec<_> = printed(bench, &name).await.split_inclusive('\n').map(str::to_owned).collect();
        lines.sort();
        assert_eq!(lines, ["\u{1}\u{2} out\n", "err \u{1b}[1m\n", "no newline"]);
    })
    .await;
}

#[tokio::test]
async fn a_reader_that_stands_still_gets_the_rest_later() {
    holds(docker(), IMAGE, async |bench| {
        let name = bench.start("much", &bench.spec("echo first; seq 1 100000; echo last")).await;
        let mut log = bench.engine.logs(&name, None).await.unwrap();
        let first = log.next().await.unwrap().unwrap();
        assert_eq!(&first.bytes[..], b"first\n");
        bench.engine.wait(&name).await.unwrap();
        let rest: Vec<LogChunk> = log.try_collect().await.unwrap();
        assert_eq!(rest.len(), 100_001);
        assert_eq!(&rest[100_000].bytes[..], b"last\n");
    })
    .await;
}
