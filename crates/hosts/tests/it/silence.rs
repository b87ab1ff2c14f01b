//! Engines that are not there, or do not answer.

use paas_hosts::{ContainerName, DockerEngine, Engine, EngineError};
use tokio::{io::AsyncWriteExt, net::UnixListener};

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
