//! Engines that are not there, or do not answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;
use paas_hosts::{ContainerName, DockerEngine, Engine, EngineError, EventStream, testing::contract::holds};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{UnixListener, UnixStream},
    task::JoinSet,
};

use crate::fixture::{IMAGE, docker};

#[tokio::test]
async fn an_engine_that_is_not_there_is_unavailable_until_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    let engine = DockerEngine::unix(socket.to_str().unwrap());
    let error = engine.info().await.unwrap_err();
    assert!(matches!(error, EngineError::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains(socket.to_str().unwrap()));
    std::os::unix::fs::symlink("/var/run/docker.sock", &socket).unwrap();
    engine.info().await.expect("it is there now");
}

/// The clock runs as fast as it can while nothing happens.
#[tokio::test(start_paused = true)]
async fn an_engine_that_never_answers_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let engine = DockerEngine::unix(socket.to_str().unwrap());
    let silent = async {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            held.push(connection);
        }
    };
    let name = ContainerName("any".to_owned());
    tokio::select! {
        error = engine.inspect(&name) => {
            assert!(matches!(error, Err(EngineError::Unavailable { .. })), "{error:?}");
        }
        () = silent => {}
    }
}

#[tokio::test]
async fn an_engine_that_breaks_off_its_answer_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let engine = DockerEngine::unix(socket.to_str().unwrap());
    let breaks_off = async {
        while let Ok((mut connection, _)) = listener.accept().await {
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
        }
    };
    tokio::select! {
        error = engine.info() => assert!(matches!(error, Err(EngineError::Unavailable { .. })), "{error:?}"),
        () = breaks_off => {}
    }
}

#[tokio::test]
async fn an_engine_whose_answers_do_not_end_does_not_fill_our_memory() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let engine = DockerEngine::unix(socket.to_str().unwrap());
    let sent = AtomicUsize::new(0);
    let endless = async {
        while let Ok((connection, _)) = listener.accept().await {
            // Whoever is asked and broken off answers the next one.
            drop(answer_without_end(connection, &sent).await);
        }
    };
    let questions = async {
        let refused = [
            engine.list("paas", "dyno").await.map(drop),
            engine.info().await.map(drop),
            engine.has_image("any:v1").await.map(drop),
            engine.prune_images("any", &[], 1).await.map(drop),
            engine.start(&ContainerName("refused".to_owned())).await,
            engine.events("paas").await.map(drop),
        ];
        for (question, refused) in refused.into_iter().enumerate() {
            assert!(matches!(refused, Err(EngineError::Unavailable { .. })), "{question}: {refused:?}");
        }
    };
    tokio::select! {
        () = questions => {}
        () = endless => {}
    }
    // Six answers, a few of which took more than one question, and what was under way in buffers.
    assert!(sent.load(Ordering::Relaxed) < 8 * (40 << 20), "{sent:?}");
}

/// Answers a question about its version, and any other with a text that has no end; a start it refuses so.
async fn answer_without_end(mut connection: UnixStream, sent: &AtomicUsize) -> std::io::Result<()> {
    loop {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(connection.read_u8().await?);
        }
        if request.starts_with(b"GET /version ") {
            let version = r#"{"MinAPIVersion":"1.12"}"#;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{version}", version.len());
            connection.write_all(answer.as_bytes()).await?;
            continue;
        }
        let status = if request.windows(6).any(|word| word == b"/start") { "500 No" } else { "200 OK" };
        connection.write_all(format!("HTTP/1.1 {status}\r\n\r\n[\"").as_bytes()).await?;
        loop {
            sent.fetch_add(connection.write(&[b'a'; 1 << 16]).await?, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn what_is_open_fails_when_the_connection_is_lost() {
    holds(docker(), IMAGE, async |bench| {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("docker.sock");
        let cut_off = DockerEngine::unix(socket.to_str().unwrap());
        let listener = UnixListener::bind(&socket).unwrap();
        let between = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                connections.spawn(async move {
                    let mut engine = UnixStream::connect("/var/run/docker.sock").await.unwrap();
                    copy_bidirectional(&mut client, &mut engine).await
                });
            }
        });
        let name = bench.start_until_it_prints("runs", "echo ready; exec sleep 600").await;
        let mut log = cut_off.logs(&name, None).await.unwrap();
        log.next().await.unwrap().unwrap();
        let mut events = cut_off.events("paas.contract").await.unwrap();

        let (lost_log, lost_event, lost_wait, ()) =
            tokio::join!(log.next(), next_error(&mut events), cut_off.wait(&name), async {
                between.abort();
            });
        assert!(matches!(lost_log, Some(Err(EngineError::Unavailable { .. }))), "{lost_log:?}");
        assert!(matches!(lost_event, Some(EngineError::Unavailable { .. })), "{lost_event:?}");
        assert!(events.next().await.is_none());
        assert!(matches!(lost_wait, Err(EngineError::Unavailable { .. })), "{lost_wait:?}");
    })
    .await;
}

async fn next_error(events: &mut EventStream) -> Option<EngineError> {
    while let Some(event) = events.next().await {
        if let Err(error) = event {
            return Some(error);
        }
    }
    None
}
