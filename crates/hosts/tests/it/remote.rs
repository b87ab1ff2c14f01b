//! An engine on another machine: who may speak to it, and what is noticed when it is gone.

use std::time::{Duration, Instant};

use paas_hosts::{ContainerState, DockerEngines, Engine, EngineError, Engines, HostEndpoint, testing::contract::holds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    fixture::IMAGE,
    machine::{Authority, Machine},
};

/// What an engine's failure says, down to its cause.
fn causes(error: &EngineError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_by_the_docker_engine() {
    let machine = Machine::shared();
    let mut tls = Authority::new().client();
    tls.ca_pem = machine.tls().ca_pem;
    let engine = DockerEngines::new(Some(&tls)).unwrap().engine(&machine.endpoint()).unwrap();
    let refused = engine.ping().await.unwrap_err();
    assert!(refused.is_transient(), "{refused:?}");
    assert!(causes(&refused).contains("alert"), "{}", causes(&refused));
}

#[tokio::test]
async fn a_docker_engine_of_another_authority_is_not_spoken_to() {
    let machine = Machine::shared();
    let mut tls = machine.tls();
    tls.ca_pem = Authority::new().pem;
    let engine = DockerEngines::new(Some(&tls)).unwrap().engine(&machine.endpoint()).unwrap();
    let refused = engine.ping().await.unwrap_err();
    assert!(causes(&refused).contains("UnknownIssuer") || causes(&refused).contains("BadSignature"), "{refused:?}");
}

#[tokio::test]
async fn a_docker_engine_cannot_pose_as_another_host() {
    let machine = Machine::shared();
    let other = "01976f9e-7a1c-7d2e-8c3a-ffffffffffff".parse().unwrap();
    let endpoint = HostEndpoint::tcp(machine.address(), other);
    let engine = DockerEngines::new(Some(&machine.tls())).unwrap().engine(&endpoint).unwrap();
    let refused = engine.ping().await.unwrap_err();
    assert!(causes(&refused).contains("not valid for name"), "{}", causes(&refused));
}

#[tokio::test]
async fn a_docker_engine_does_not_answer_without_tls() {
    let mut plain = tokio::net::TcpStream::connect(Machine::shared().address()).await.unwrap();
    plain.write_all(b"GET /_ping HTTP/1.1\r\nhost: engine\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 400 Bad Request"), "{answer}");
}

#[tokio::test]
async fn without_a_certificate_no_docker_engine_of_another_machine_is_spoken_to() {
    let machine = Machine::shared();
    let refused = DockerEngines::new(None).unwrap().engine(&machine.endpoint()).unwrap_err();
    assert!(matches!(&refused, EngineError::NoTls(endpoint) if *endpoint == machine.endpoint().to_string()));
}

#[tokio::test]
async fn a_docker_engine_that_is_cut_off_is_unavailable_in_time_and_works_again_after() {
    let machine = Machine::start("paasht-cut", 2);
    machine.mend();
    holds(machine.engine(), IMAGE, async |bench| {
        let name = bench.start_until_it_prints("runs", "echo ready; exec sleep 600").await;
        let mut events = bench.engine.events("paas.contract").await.unwrap();
        let wait = bench.engine.wait(&name);
        machine.cut();
        let begun = Instant::now();
        let pinged = bench.engine.ping().await;
        assert!(matches!(pinged, Err(EngineError::Unavailable { .. })), "{pinged:?}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        let (event, waited) = tokio::join!(futures::StreamExt::next(&mut events), wait);
        assert!(matches!(event, Some(Err(EngineError::Unavailable { .. }))), "{event:?}");
        assert!(matches!(waited, Err(EngineError::Unavailable { .. })), "{waited:?}");
        assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());

        machine.mend();
        while bench.engine.ping().await.is_err() {}
        assert_eq!(bench.state(&name).await, Some(ContainerState::Running));
    })
    .await;
}
