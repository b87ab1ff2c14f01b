//! Made, started, signalled, waited for, removed: each as often as one likes.

use super::bench::{Bench, EXITS_AT_ONCE, EXITS_WITH_7, IGNORES_TERM, RUNS, is_missing};
use crate::{ContainerState, Engine, EngineError, Signal};

const ENDED_WITH_7: ContainerState = ContainerState::Ended { exit_code: 7, out_of_memory: false };

pub async fn creating_twice_adopts_the_first<E: Engine>(bench: &Bench<E>) {
    let name = bench.create("twice", &bench.spec(EXITS_WITH_7)).await;
    bench.engine.create(&name, &bench.spec(RUNS)).await.expect("the second is the first");
    assert_eq!(bench.state(&name).await, Some(ContainerState::Created));
    bench.engine.start(&name).await.expect("it starts");
    assert_eq!(bench.engine.wait(&name).await.expect("it ends"), 7, "the first one's script ran");
}

pub async fn creating_again_leaves_a_running_container_alone<E: Engine>(bench: &Bench<E>) {
    let name = bench.start_until_it_prints("again", RUNS).await;
    bench.engine.create(&name, &bench.spec(RUNS)).await.expect("it is adopted");
    assert_eq!(bench.state(&name).await, Some(ContainerState::Running));
}

pub async fn an_image_that_the_host_lacks_is_not_found<E: Engine>(bench: &Bench<E>) {
    let mut spec = bench.spec(EXITS_AT_ONCE);
    spec.image = "127.0.0.1:9/nothing:here".to_owned();
    let created = bench.engine.create(&bench.name("imageless"), &spec).await;
    assert!(matches!(created, Err(EngineError::ImageNotFound(image)) if image == spec.image));
    assert!(!bench.engine.has_image(&spec.image).await.expect("images can be looked at"));
    assert!(bench.engine.has_image(&bench.spec(RUNS).image).await.expect("images can be looked at"));
}

pub async fn starting_twice_is_starting_once<E: Engine>(bench: &Bench<E>) {
    let name = bench.start_until_it_prints("twice", RUNS).await;
    bench.engine.start(&name).await.expect("it runs already");
    assert_eq!(bench.state(&name).await, Some(ContainerState::Running));
}

pub async fn starting_what_has_ended_leaves_it_ended<E: Engine>(bench: &Bench<E>) {
    let name = bench.run("ended", EXITS_WITH_7).await;
    bench.engine.start(&name).await.expect("it has been started");
    assert_eq!(bench.state(&name).await, Some(ENDED_WITH_7));
}

pub async fn a_user_that_the_image_lacks_cannot_start<E: Engine>(bench: &Bench<E>) {
    let mut spec = bench.spec(RUNS);
    spec.user = "nosuchuser".to_owned();
    let name = bench.create("userless", &spec).await;
    let started = bench.engine.start(&name).await;
    assert!(matches!(&started, Err(EngineError::CannotStart(reason)) if reason.contains("nosuchuser")), "{started:?}");
    assert_eq!(bench.state(&name).await, Some(ContainerState::Created));
}

pub async fn a_container_that_is_not_there_is_said_to_be_missing<E: Engine>(bench: &Bench<E>) {
    let name = bench.name("missing");
    let engine = &bench.engine;
    assert_eq!(bench.state(&name).await, None);
    assert!(is_missing(engine.start(&name).await, &name), "start");
    assert!(is_missing(engine.wait(&name).await, &name), "wait");
    assert!(is_missing(engine.logs(&name, None).await.map(drop), &name), "logs");
    assert!(is_missing(engine.attach(&name).await, &name), "attach");
    assert!(is_missing(engine.resize(&name, 80, 24).await, &name), "resize");
    assert!(is_missing(engine.upload(&name, "/tmp", Box::pin(futures::stream::empty())).await, &name), "upload");
    assert!(is_missing(engine.download(&name, "/tmp").await.map(drop), &name), "download");
    assert!(is_missing(engine.stats(&name).await, &name), "stats");
    assert!(is_missing(engine.disk_used(&name).await, &name), "disk_used");
}

pub async fn removing_twice_is_removing_once<E: Engine>(bench: &Bench<E>) {
    let name = bench.run("twice", EXITS_AT_ONCE).await;
    bench.engine.remove(&name).await.expect("it goes");
    assert_eq!(bench.state(&name).await, None);
    bench.engine.remove(&name).await.expect("it has gone");
}

pub async fn removing_kills_what_runs<E: Engine>(bench: &Bench<E>) {
    let name = bench.start_until_it_prints("running", IGNORES_TERM).await;
    bench.engine.remove(&name).await.expect("it goes");
    assert_eq!(bench.state(&name).await, None);
}

pub async fn signals_to_what_does_not_run_have_no_effect<E: Engine>(bench: &Bench<E>) {
    let created = bench.create("created", &bench.spec(RUNS)).await;
    let ended = bench.run("ended", EXITS_WITH_7).await;
    for signal in [Signal::Term, Signal::Hup, Signal::Kill] {
        for name in [&created, &ended, &bench.name("missing")] {
            bench.engine.signal(name, signal).await.expect("there is nothing to do");
        }
    }
    assert_eq!(bench.state(&created).await, Some(ContainerState::Created));
    assert_eq!(bench.state(&ended).await, Some(ENDED_WITH_7));
}

pub async fn what_is_frozen_can_be_removed<E: Engine>(bench: &Bench<E>) {
    let ended = bench.run("ended", EXITS_WITH_7).await;
    bench.engine.freeze(&ended).await.expect("there is nothing to do");
    assert_eq!(bench.state(&ended).await, Some(ENDED_WITH_7));

    let name = bench.start_until_it_prints("frozen", RUNS).await;
    for _ in 0..2 {
        bench.engine.freeze(&name).await.expect("it stands still");
    }
    assert_eq!(bench.state(&name).await, Some(ContainerState::Running));
    bench.engine.remove(&name).await.expect("it goes");
    assert_eq!(bench.state(&name).await, None);
}

pub async fn what_was_frozen_goes_on_once<E: Engine>(bench: &Bench<E>) {
    let name = bench.start_until_it_prints("thawed", RUNS).await;
    let is_frozen =
        async || bench.engine.inspect(&name).await.expect("it is looked at").expect("it is there").is_frozen;
    assert!(!is_frozen().await);
    bench.engine.freeze(&name).await.expect("it stands still");
    assert!(is_frozen().await);
    bench.engine.thaw(&name).await.expect("it goes on");
    assert!(!is_frozen().await);
    assert!(matches!(bench.engine.thaw(&name).await, Err(EngineError::Refused { .. })), "it runs");
    bench.engine.signal(&name, Signal::Term).await.expect("it is told");
    assert_eq!(bench.engine.wait(&name).await.expect("it ends"), 143);

    let missing = bench.name("missing");
    assert!(matches!(bench.engine.thaw(&missing).await, Err(EngineError::NoSuchContainer(_))));
}

pub async fn a_container_has_one_name_at_a_time<E: Engine>(bench: &Bench<E>) {
    let (old, new) = (bench.start_until_it_prints("old", RUNS).await, bench.name("new"));
    bench.engine.freeze(&old).await.expect("it stands still");
    bench.engine.rename(&old, &new).await.expect("it has another name");
    assert_eq!(bench.state(&old).await, None);
    assert!(bench.engine.inspect(&new).await.expect("it is looked at").is_some_and(|container| container.is_frozen));
    assert!(matches!(bench.engine.rename(&old, &new).await, Err(EngineError::NoSuchContainer(_))));

    let other = bench.run("other", EXITS_WITH_7).await;
    assert!(matches!(bench.engine.rename(&other, &new).await, Err(EngineError::Refused { .. })), "it is taken");
    assert_eq!(bench.state(&other).await, Some(ENDED_WITH_7));
    bench.engine.remove(&new).await.expect("it goes");
}

pub async fn a_terminated_process_ends_with_143<E: Engine>(bench: &Bench<E>) {
    let name = bench.start_until_it_prints("terminated", RUNS).await;
    bench.engine.signal(&name, Signal::Term).await.expect("it is told");
    assert_eq!(bench.engine.wait(&name).await.expect("it ends"), 143);
    bench.engine.signal(&name, Signal::Term).await.expect("it has ended");
}

pub async fn a_process_that_ignores_term_ends_only_when_killed_with_137<E: Engine>(bench: &Bench<E>) {
    let name = bench.start_until_it_prints("stubborn", IGNORES_TERM).await;
    bench.engine.signal(&name, Signal::Term).await.expect("it is told");
    assert_eq!(bench.state(&name).await, Some(ContainerState::Running));
    bench.engine.signal(&name, Signal::Kill).await.expect("it is killed");
    assert_eq!(bench.engine.wait(&name).await.expect("it ends"), 137);
}

pub async fn waiting_gives_the_exit_status_as_often_as_asked<E: Engine>(bench: &Bench<E>) {
    let name = bench.start("seven", &bench.spec(EXITS_WITH_7)).await;
    for _ in 0..3 {
        assert_eq!(bench.engine.wait(&name).await.expect("it ends"), 7);
    }
    assert_eq!(bench.state(&name).await, Some(ENDED_WITH_7));
}

pub async fn waiting_may_begin_before_the_start<E: Engine>(bench: &Bench<E>) {
    let name = bench.create("seven", &bench.spec(EXITS_WITH_7)).await;
    let (status, started) = tokio::join!(bench.engine.wait(&name), bench.engine.start(&name));
    started.expect("it starts");
    assert_eq!(status.expect("it ends"), 7);
}

pub async fn waiting_ends_when_the_container_is_removed<E: Engine>(bench: &Bench<E>) {
    let name = bench.create("removed", &bench.spec(RUNS)).await;
    let (status, removed) = tokio::join!(bench.engine.wait(&name), bench.engine.remove(&name));
    removed.expect("it goes");
    assert!(is_missing(status, &name), "it never ran");
}
