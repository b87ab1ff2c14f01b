//! Engines that are not there, or do not answer.

use futures::StreamExt;
use paas_hosts::{ContainerName, DockerEngine, Engine, EngineError, EventStream, testing::contract::holds};
use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
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
