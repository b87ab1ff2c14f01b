//! Finding containers, and hearing of them.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;

use super::bench::{Bench, EXITS_WITH_7, LABEL, RUNS};
use crate::{ContainerState, Engine, EngineEvent};

pub async fn a_running_container_has_an_address_and_others_have_none<E: Engine>(bench: &Bench<E>) {
    let mut spec = bench.spec(RUNS);
    spec.port = Some(5000);
    let name = bench.create("web", &spec).await;
    let address = async || {
        let looked = bench.engine.inspect(&name).await.expect("it can be looked at").expect("it is there").address;
        let listed = bench.engine.list(LABEL, bench.id()).await.expect("it is listed").remove(0).address;
        assert_eq!(looked, listed);
        looked
    };
    assert_eq!(address().await, None, "created");
    bench.engine.start(&name).await.expect("it starts");
    assert!(address().await.is_some(), "running");
    bench.engine.signal(&name, crate::Signal::Kill).await.expect("it is killed");
    bench.engine.wait(&name).await.expect("it ends");
    assert_eq!(address().await, None, "ended");
}

pub async fn labels_find_containers_in_every_state<E: Engine>(bench: &Bench<E>) {
    let created = bench.create("created", &bench.spec(RUNS)).await;
    let running = bench.start("running", &bench.spec(RUNS)).await;
    let ended = bench.run("ended", EXITS_WITH_7).await;
    let found = bench.engine.list(LABEL, bench.id()).await.expect("containers can be listed");
    let states: BTreeMap<_, _> = found.into_iter().map(|status| (status.name, status.state)).collect();
    let expected = BTreeMap::from([
        (created, ContainerState::Created),
        (running, ContainerState::Running),
        (ended, ContainerState::Ended { exit_code: 7, out_of_memory: false }),
    ]);
    assert_eq!(states, expected);
    assert_eq!(bench.engine.list(LABEL, "another").await.expect("containers can be listed"), []);
}

pub async fn labels_are_given_back_as_they_were<E: Engine>(bench: &Bench<E>) {
    let mut spec = bench.spec(RUNS);
    spec.labels.insert("paas.app".to_owned(), "shop".to_owned());
    spec.port = Some(5000);
    let name = bench.start("labelled", &spec).await;
    let looked = bench.engine.inspect(&name).await.expect("it can be looked at").expect("it is there");
    let listed = bench.engine.list(LABEL, bench.id()).await.expect("it is listed").remove(0);
    assert!(looked.labels.get("paas.app").is_some_and(|app| app == "shop"));
    assert_eq!(looked, listed);
}

pub async fn events_tell_of_starts_and_ends_with_the_label_only<E: Engine>(bench: &Bench<E>) {
    let label = format!("paas.contract.{}", bench.id());
    let mut spec = bench.spec(EXITS_WITH_7);
    let other = bench.create("other", &spec).await;
    spec.labels.insert(label.clone(), String::new());
    let name = bench.create("labelled", &spec).await;
    let mut events = bench.engine.events(&label).await.expect("events can be heard");
    bench.engine.start(&other).await.expect("it starts");
    bench.engine.start(&name).await.expect("it starts");
    let mut heard = BTreeSet::new();
    for _ in 0..2 {
        let event = events.next().await.expect("there is an event").expect("events go on");
        heard.insert(format!("{event:?}"));
    }
    let expected = [EngineEvent::Started(name.clone()), EngineEvent::Ended(name)];
    assert_eq!(heard, expected.iter().map(|event| format!("{event:?}")).collect());
}
