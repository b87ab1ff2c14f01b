//! What a container prints.

use futures::{StreamExt, TryStreamExt};

use super::bench::{Bench, PRINTS_THREE_LINES, RUNS, text_of};
use crate::{Engine, LogChunk, Signal};

pub async fn the_log_is_complete_after_the_end<E: Engine>(bench: &Bench<E>) {
    let name = bench.run("three", PRINTS_THREE_LINES).await;
    for _ in 0..2 {
        let log = bench.engine.logs(&name, None).await.expect("there is a log");
        assert_eq!(text_of(log).await, "one\ntwo\nthree\n");
    }
}

pub async fn the_log_is_resumed_after_any_entry<E: Engine>(bench: &Bench<E>) {
    let name = bench.run("three", PRINTS_THREE_LINES).await;
    let log = bench.engine.logs(&name, None).await.expect("there is a log");
    let all: Vec<LogChunk> = log.try_collect().await.expect("the log is read");
    assert!(all.is_sorted_by(|a, b| a.at < b.at), "times increase");
    for (index, seen) in all.iter().enumerate() {
        let rest = bench.engine.logs(&name, Some(seen.at)).await.expect("there is a log");
        let rest: Vec<LogChunk> = rest.try_collect().await.expect("the log is read");
        assert_eq!(rest, all.get(index + 1..).unwrap_or_default());
    }
}

pub async fn the_log_is_followed_while_it_is_written<E: Engine>(bench: &Bench<E>) {
    let name = bench.start("running", &bench.spec(RUNS)).await;
    let mut log = bench.engine.logs(&name, None).await.expect("there is a log");
    let first = log.next().await.expect("something is printed").expect("the log goes on");
    assert_eq!(&first.bytes[..], b"ready\n");
    bench.engine.signal(&name, Signal::Kill).await.expect("it is killed");
    assert!(log.next().await.is_none(), "the log ends with the container");
}

pub async fn a_container_that_never_started_has_no_log<E: Engine>(bench: &Bench<E>) {
    let name = bench.create("created", &bench.spec(RUNS)).await;
    let log = bench.engine.logs(&name, None).await.expect("there is a log");
    assert_eq!(text_of(log).await, "");
}
