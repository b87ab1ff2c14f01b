//! The fake engine's own promises: scripts, ports and failures.

use futures::StreamExt;
use paas_hosts::{
    ContainerName, ContainerState, Engine, EngineError, Signal,
    testing::{
        FakeEngine, Method, Program,
        contract::{Bench, holds, programs},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::fixture::IMAGE;

pub(crate) fn engine() -> FakeEngine {
    let engine = FakeEngine::default();
    engine.add_image(IMAGE);
    for (script, program) in programs() {
        engine.program(script, program);
    }
    engine
}

async fn start_web(bench: &Bench<FakeEngine>, program: Program) -> ContainerName {
    bench.engine.program("web", program);
    let mut spec = bench.spec("web");
    spec.port = Some(5000);
    bench.start("web", &spec).await
}

async fn request(engine: &FakeEngine, name: &ContainerName) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(engine.address(name).unwrap()).await?;
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi").await?;
    let mut response = vec![0; 1024];
    let read = stream.read(&mut response).await?;
    Ok(String::from_utf8_lossy(&response[..read]).into_owned())
}

#[tokio::test]
async fn a_program_that_serves_answers_http_until_it_ends() {
    holds(engine(), IMAGE, async |bench| {
        let name = start_web(bench, Program::serves("hello")).await;
        let address = bench.engine.address(&name).unwrap();
        assert!(request(&bench.engine, &name).await.unwrap().ends_with("\r\n\r\nhello"));
        bench.engine.signal(&name, Signal::Term).await.unwrap();
        assert_eq!(bench.engine.address(&name), None);
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_program_that_has_not_bound_its_port_refuses_connections() {
    holds(engine(), IMAGE, async |bench| {
        let name = start_web(bench, Program::runs()).await;
        let refused = request(&bench.engine, &name).await.unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        bench.engine.bind(&name, "late").unwrap();
        assert!(request(&bench.engine, &name).await.unwrap().ends_with("late"));
    })
    .await;
}

#[tokio::test]
async fn a_failure_before_the_effect_has_none_and_one_after_has_it() {
    holds(engine(), IMAGE, async |bench| {
        let (name, spec) = (bench.name("web"), bench.spec("web"));
        bench.engine.fail_before(Method::Create, 1);
        bench.engine.fail_after(Method::Create, 1);
        for expected in [None, Some(ContainerState::Created)] {
            let error = bench.engine.create(&name, &spec).await.unwrap_err();
            assert!(error.is_transient());
            assert_eq!(bench.state(&name).await, expected);
        }
        bench.engine.create(&name, &spec).await.expect("no failure is left");
        assert_eq!(bench.engine.calls_of(Method::Create).len(), 3);
    })
    .await;
}

#[tokio::test]
async fn streams_end_with_an_error_when_the_engine_goes_down_and_containers_run_on() {
    holds(engine(), IMAGE, async |bench| {
        let name = start_web(bench, Program::serves("hello")).await;
        let mut log = bench.engine.logs(&name, None).await.unwrap();
        let mut events = bench.engine.events("paas.contract").await.unwrap();
        bench.engine.go_down();
        assert!(matches!(log.next().await, Some(Err(EngineError::Unavailable { .. }))));
        assert!(matches!(events.next().await, Some(Err(EngineError::Unavailable { .. }))));
        bench.engine.inspect(&name).await.unwrap_err();
        bench.engine.come_back();
        assert_eq!(bench.state(&name).await, Some(ContainerState::Running));
    })
    .await;
}

#[tokio::test]
async fn a_container_can_print_and_end_when_a_test_says_so() {
    holds(engine(), IMAGE, async |bench| {
        let name = start_web(bench, Program::runs()).await;
        bench.engine.print(&name, "Listening");
        bench.engine.end(&name, 1);
        bench.engine.until(|containers| containers.iter().all(|it| it.state != ContainerState::Running)).await;
        let mut log = bench.engine.logs(&name, None).await.unwrap();
        assert_eq!(&log.next().await.unwrap().unwrap().bytes[..], b"Listening\n");
        assert_eq!(bench.engine.wait(&name).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_image_is_pulled_unless_no_registry_has_it() {
    let engine = engine();
    engine.forget_image("gone:v1");
    engine.pull("there:v1").await.unwrap();
    assert!(engine.has_image("there:v1").await.unwrap());
    assert!(matches!(engine.pull("gone:v1").await, Err(EngineError::ImageNotFound(_))));
}
