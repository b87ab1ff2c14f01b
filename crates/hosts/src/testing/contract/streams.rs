//! Standard input and output, attached.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::bench::{Bench, ECHOES, EXITS_WITH_7, PRINTS_THREE_LINES, RUNS};
use crate::{AttachedStreams, ContainerName, ContainerSpec, Engine};

pub async fn output_of_an_attached_container_is_complete<E: Engine>(bench: &Bench<E>) {
    let (name, mut streams) = attached(bench, interactive(bench, PRINTS_THREE_LINES)).await;
    bench.engine.start(&name).await.expect("it starts");
    assert_eq!(rest_of(&mut streams).await, "one\ntwo\nthree\n");
    assert_eq!(bench.engine.wait(&name).await.expect("it ends"), 0);
}

pub async fn the_end_of_input_reaches_the_process<E: Engine>(bench: &Bench<E>) {
    let (name, mut streams) = attached(bench, interactive(bench, ECHOES)).await;
    bench.engine.start(&name).await.expect("it starts");
    streams.input.write_all(b"line\nno line").await.expect("it takes input");
    streams.input.shutdown().await.expect("the input ends");
    assert_eq!(rest_of(&mut streams).await, "line\nno line");
    assert_eq!(bench.engine.wait(&name).await.expect("it ends"), 0);
}

pub async fn the_end_of_input_reaches_a_process_with_a_terminal<E: Engine>(bench: &Bench<E>) {
    let mut spec = interactive(bench, ECHOES);
    spec.tty = true;
    let (name, mut streams) = attached(bench, spec).await;
    bench.engine.start(&name).await.expect("it starts");
    streams.input.write_all(b"typed\n").await.expect("it takes input");
    streams.input.flush().await.expect("it takes input");
    streams.input.shutdown().await.expect("the input ends");
    let output = rest_of(&mut streams).await;
    // A real terminal shows what is typed, too.
    assert!(output.contains("typed"), "{output:?}");
    assert_eq!(bench.engine.wait(&name).await.expect("it ends"), 0);
}

pub async fn attaching_to_what_has_ended_gives_nothing<E: Engine>(bench: &Bench<E>) {
    let name = bench.run("ended", EXITS_WITH_7).await;
    let mut streams = bench.engine.attach(&name).await.expect("it is there");
    assert_eq!(rest_of(&mut streams).await, "");
}

pub async fn a_terminal_can_be_resized<E: Engine>(bench: &Bench<E>) {
    let mut spec = interactive(bench, RUNS);
    spec.tty = true;
    let name = bench.create("terminal", &spec).await;
    bench.engine.resize(&name, 100, 30).await.expect("it has no terminal yet");
    bench.engine.start(&name).await.expect("it starts");
    bench.engine.resize(&name, 100, 30).await.expect("its terminal has a size");
}

fn interactive<E: Engine>(bench: &Bench<E>, script: &str) -> ContainerSpec {
    ContainerSpec { stdin: true, ..bench.spec(script) }
}

async fn attached<E: Engine>(bench: &Bench<E>, spec: ContainerSpec) -> (ContainerName, AttachedStreams) {
    let name = bench.create("attached", &spec).await;
    let streams = bench.engine.attach(&name).await.expect("one can attach before the start");
    (name, streams)
}

async fn rest_of(streams: &mut AttachedStreams) -> String {
    let mut output = String::new();
    streams.output.read_to_string(&mut output).await.expect("the output is read");
    output
}
