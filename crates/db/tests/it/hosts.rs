use std::time::Duration;

use chrono::{TimeDelta, Utc};
use futures::future::join_all;
use paas_db::{
    DbError, Topic, dynos,
    hosts::{self, Joined, Requested},
    new_id,
    pools::{self, Pool},
    routes,
};
use paas_model::{ControllerId, DynoState, HostFault, HostState, Labels};

use crate::world::{HERE, World};

const MINUTE: Duration = Duration::from_secs(60);

/// A host that the plan wants.
pub(crate) fn requested(pool: &Pool, name: &str) -> Requested {
    Requested {
        id: new_id(),
        name: name.to_owned(),
        pool_id: pool.id,
        zone: "zone-b".to_owned(),
        labels: pool.labels.clone(),
        instance_type: "m7i.large".to_owned(),
        spot: true,
        image: pool.image.clone(),
        memory_mb: 7_000,
        cpus: 2,
        price_micros: 100_800,
    }
}

#[tokio::test]
async fn the_servers_own_machine_is_entered_once() {
    let world = World::new().await;
    let pool = world.db().pool();
    let again = hosts::enter(pool, new_id(), "here", HERE, 1, 1).await.unwrap();
    assert_eq!((again.id, again.memory_mb, again.state), (world.host, 4_096, HostState::Ready));
    let taken = hosts::enter(pool, new_id(), "here", "unix:///elsewhere", 1, 1).await;
    assert!(matches!(taken, Err(DbError::HostNameTaken)));
    world.end().await;
}

#[tokio::test]
async fn a_machine_that_joins_is_ready_when_its_engine_has_answered() {
    let world = World::new().await;
    let (pool, controller) = (world.db().pool(), new_id());
    let joined = world.joined(1);
    assert!(hosts::join(pool, &joined).await.unwrap());
    let host = world.host(joined.id).await;
    assert_eq!((host.state, host.zone.as_str(), host.memory_mb), (HostState::Joining, "zone-a", 0));
    assert_eq!(hosts::claim(pool, controller, MINUTE, 10).await.unwrap().len(), 1);
    assert!(world.seen(joined.id, controller).await);
    assert!(!world.seen(joined.id, controller).await, "it was ready");
    let host = world.host(joined.id).await;
    assert_eq!((host.state, host.memory_mb, host.cpus), (HostState::Ready, 2_048, 2));
    assert_eq!(host.engine_version.as_deref(), Some("1"));
    // An answer that got lost: the machine asks again, and stays what it is.
    assert!(hosts::join(pool, &joined).await.unwrap());
    assert_eq!(world.host(joined.id).await.state, HostState::Ready);
    assert_eq!(hosts::by_name(pool, "host-1").await.unwrap().unwrap().id, joined.id);
    world.end().await;
}

#[tokio::test]
async fn two_hosts_never_share_a_name_or_an_address_until_one_is_gone() {
    let world = World::new().await;
    let pool = world.db().pool();
    let first = world.joined(1);
    hosts::join(pool, &first).await.unwrap();
    let same_name = Joined { name: first.name.clone(), ..world.joined(2) };
    assert!(matches!(hosts::join(pool, &same_name).await, Err(DbError::HostNameTaken)));
    let same_address = Joined { endpoint: first.endpoint.clone(), ..world.joined(2) };
    assert!(matches!(hosts::join(pool, &same_address).await, Err(DbError::HostAddressTaken)));
    assert!(hosts::gone(pool, first.id, Some("removed")).await.unwrap());
    assert!(!hosts::gone(pool, first.id, None).await.unwrap());
    assert!(!hosts::join(pool, &first).await.unwrap(), "it is past joining");
    assert!(hosts::join(pool, &Joined { id: new_id(), ..first }).await.unwrap());
    world.end().await;
}

#[tokio::test]
async fn a_removed_host_renews_nothing() {
    let world = World::new().await;
    let pool = world.db().pool();
    let (joined, other) = (world.joined(1), world.joined(2));
    hosts::join(pool, &joined).await.unwrap();
    let renews = async |secret| hosts::by_renewal(pool, joined.id, secret).await.unwrap().is_some();
    assert!(renews(&joined.renewal_hash).await);
    assert!(!renews(&other.renewal_hash).await);
    let later = Utc::now() + TimeDelta::days(90);
    hosts::renewed(pool, joined.id, later).await.unwrap();
    let stored = world.host(joined.id).await.certificate_expires_at.unwrap();
    assert!((stored - later).abs() < TimeDelta::milliseconds(1));
    hosts::gone(pool, joined.id, None).await.unwrap();
    assert!(!renews(&joined.renewal_hash).await);
    world.end().await;
}

#[tokio::test]
async fn hosts_are_shared_out_and_each_has_one_controller() {
    let world = World::new().await;
    let pool = world.db().pool();
    for number in 1..=6 {
        hosts::join(pool, &world.joined(number)).await.unwrap();
    }
    assert_eq!(hosts::count_shared(pool).await.unwrap(), 6);
    let controllers: Vec<ControllerId> = (0..4).map(|_| new_id()).collect();
    let claims = controllers.iter().map(|id| hosts::claim(pool, *id, MINUTE, 2));
    let mut claimed = Vec::new();
    for hosts in join_all(claims).await {
        let hosts = hosts.unwrap();
        assert!(hosts.len() <= 2);
        claimed.extend(hosts.into_iter().map(|host| host.id));
    }
    for id in &controllers {
        claimed.extend(hosts::claim(pool, *id, MINUTE, 1).await.unwrap().into_iter().map(|host| host.id));
    }
    assert_eq!(claimed.len(), 6);
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 6);
    world.end().await;
}

#[tokio::test]
async fn a_lease_ends_by_time_or_when_it_is_given_up() {
    let world = World::new().await;
    let pool = world.db().pool();
    let (first, second): (ControllerId, ControllerId) = (new_id(), new_id());
    let joined = world.joined(1);
    hosts::join(pool, &joined).await.unwrap();
    hosts::claim(pool, first, MINUTE, 1).await.unwrap();
    assert_eq!(hosts::claim(pool, second, MINUTE, 1).await.unwrap().len(), 0);
    hosts::let_go(pool, first, Some(&[world.host])).await.unwrap();
    assert_eq!(hosts::extend(pool, first, MINUTE).await.unwrap().len(), 1);
    hosts::let_go(pool, first, Some(&[joined.id])).await.unwrap();
    assert_eq!(hosts::claim(pool, second, Duration::ZERO, 1).await.unwrap().len(), 1);
    // It ran out at once; until another takes it, its holder may go on.
    assert_eq!(hosts::extend(pool, second, Duration::ZERO).await.unwrap().len(), 1);
    assert_eq!(hosts::claim(pool, first, MINUTE, 1).await.unwrap().len(), 1);
    assert_eq!(hosts::extend(pool, second, MINUTE).await.unwrap().len(), 0);
    let late = hosts::unseen(pool, joined.id, second, Some(Duration::ZERO), "refused").await;
    assert!(matches!(late, Err(DbError::LeaseLost)));
    hosts::let_go(pool, first, None).await.unwrap();
    assert_eq!(hosts::extend(pool, first, MINUTE).await.unwrap().len(), 0);
    world.end().await;
}

#[tokio::test]
async fn a_host_that_was_just_given_up_is_not_lost() {
    let world = World::new().await;
    let (pool, controller) = (world.db().pool(), new_id());
    let host = world.remote_host(1, controller).await;
    let long_ago = sqlx::query("update hosts set since = now() - interval '1 hour' where id = $1").bind(host);
    long_ago.execute(pool).await.unwrap();
    hosts::let_go(pool, controller, None).await.unwrap();
    assert_eq!(hosts::lose_orphans(pool, Duration::from_secs(10)).await.unwrap(), Vec::<String>::new());
    assert_eq!(hosts::claim(pool, new_id(), MINUTE, 10).await.unwrap().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_unix_socket_is_only_for_who_names_it() {
    let world = World::new().await;
    let (pool, controller) = (world.db().pool(), new_id());
    assert_eq!(hosts::claim(pool, controller, MINUTE, 10).await.unwrap().len(), 0);
    assert!(hosts::claim_local(pool, controller, MINUTE, "unix:///elsewhere").await.unwrap().is_none());
    assert_eq!(hosts::claim_local(pool, controller, MINUTE, HERE).await.unwrap().unwrap().id, world.host);
    // Two servers on one machine: one of them.
    assert!(hosts::claim_local(pool, new_id(), MINUTE, HERE).await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn a_host_is_lost_after_a_grace_and_ready_again_when_it_answers() {
    let world = World::new().await;
    let (pool, controller) = (world.db().pool(), new_id());
    let host = world.remote_host(1, controller).await;
    assert_eq!(hosts::unseen(pool, host, controller, Some(MINUTE), "late").await.unwrap(), HostState::Ready);
    assert_eq!(hosts::unseen(pool, host, controller, None, "refused").await.unwrap(), HostState::Ready);
    let row = world.host(host).await;
    assert_eq!((row.state, row.reason.as_deref()), (HostState::Ready, Some("refused")));
    assert!(!world.seen(host, controller).await, "it was ready all the time");
    assert_eq!(world.host(host).await.reason, None);
    let unseen = hosts::unseen(pool, host, controller, Some(Duration::ZERO), "timed out").await;
    assert_eq!(unseen.unwrap(), HostState::Lost);
    let again = hosts::unseen(pool, host, controller, None, "timed out").await;
    assert_eq!(again.unwrap(), HostState::Lost, "it is lost already");
    let row = world.host(host).await;
    assert_eq!((row.state, row.fault()), (HostState::Lost, Some(HostFault::EngineUnreachable)));
    assert!(world.seen(host, controller).await);
    let row = world.host(host).await;
    assert_eq!((row.state, row.fault(), row.reason), (HostState::Ready, None, None));
    // One that is joining is not lost: its engine has never answered.
    let joining = world.joined(2);
    hosts::join(pool, &joining).await.unwrap();
    hosts::claim(pool, controller, MINUTE, 10).await.unwrap();
    hosts::unseen(pool, joining.id, controller, Some(Duration::ZERO), "refused").await.unwrap();
    assert_eq!(world.host(joining.id).await.state, HostState::Joining);
    world.end().await;
}

#[tokio::test]
async fn hosts_that_no_living_controller_can_reach_are_lost() {
    let world = World::new().await;
    let (pool, controller) = (world.db().pool(), new_id());
    assert_eq!(hosts::lose_orphans(pool, MINUTE).await.unwrap(), Vec::<String>::new());
    hosts::claim_local(pool, controller, MINUTE, HERE).await.unwrap();
    assert_eq!(hosts::lose_orphans(pool, Duration::ZERO).await.unwrap(), Vec::<String>::new());
    hosts::extend(pool, controller, Duration::ZERO).await.unwrap();
    assert_eq!(hosts::lose_orphans(pool, Duration::ZERO).await.unwrap(), ["here"]);
    assert!(world.seen(world.host, controller).await, "its controller is back");
    world.end().await;
}

#[tokio::test]
async fn a_heartbeat_that_says_nothing_new_wakes_nobody() {
    let world = World::new().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let changes = paas_db::Changes::listen(world.db(), stop.clone()).await.unwrap();
    let controller = new_id();
    let host = world.remote_host(1, controller).await;
    let mut wake = changes.subscribe(&[Topic::Hosts]);
    // What came before is heard first.
    while tokio::time::timeout(Duration::from_millis(200), wake.changed()).await.is_ok() {}
    let before = world.host(host).await.seen_at;
    world.seen(host, controller).await;
    hosts::extend(world.db().pool(), controller, MINUTE).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(300), wake.changed()).await.is_err());
    assert!(world.host(host).await.seen_at > before);
    stop.cancel();
    world.end().await;
}

#[tokio::test]
async fn a_host_that_was_asked_to_drain_stays_so_until_that_is_taken_back() {
    let world = World::new().await;
    let (pool, controller) = (world.db().pool(), new_id());
    let host = world.remote_host(1, controller).await;
    assert!(hosts::request_drain(pool, host, true).await.unwrap());
    hosts::unseen(pool, host, controller, None, "refused").await.unwrap();
    let row = world.host(host).await;
    assert_eq!(
        (row.state, row.drain_requested, row.reason.as_deref()),
        (HostState::Draining, true, Some("it was asked to drain"))
    );
    hosts::unseen(pool, host, controller, Some(Duration::ZERO), "refused").await.unwrap();
    world.seen(host, controller).await;
    assert_eq!(world.host(host).await.state, HostState::Draining);
    assert!(hosts::request_drain(pool, host, false).await.unwrap());
    let row = world.host(host).await;
    assert_eq!((row.state, row.drain_requested, row.reason), (HostState::Ready, false, None));
    hosts::gone(pool, host, None).await.unwrap();
    assert!(!hosts::request_drain(pool, host, true).await.unwrap());
    world.end().await;
}

#[tokio::test]
async fn a_launched_host_goes_from_wanted_to_gone() {
    let world = World::new().await;
    let (db, controller) = (world.db().pool(), new_id());
    let pool = crate::pools::pool("web");
    pools::put(db, &pool).await.unwrap();
    let wanted = requested(&pool, "web-1");
    hosts::request(db, &wanted).await.unwrap();
    let row = world.host(wanted.id).await;
    assert_eq!((row.state, row.pool_id, row.endpoint.clone()), (HostState::Requested, Some(pool.id), None));
    assert_eq!((row.labels, row.price_micros, row.spot), (pool.labels, 100_800, true));
    assert!(hosts::launching(db, wanted.id, None).await.unwrap());
    assert!(hosts::launching(db, wanted.id, Some("i-1")).await.unwrap());
    let row = world.host(wanted.id).await;
    assert_eq!((row.state, row.machine_id.as_deref()), (HostState::Launching, Some("i-1")));
    assert_eq!(hosts::claim(db, controller, MINUTE, 10).await.unwrap().len(), 0, "there is no engine to ask yet");
    let joined =
        Joined { id: wanted.id, name: "ignored".to_owned(), zone: None, labels: Labels::new(), ..world.joined(1) };
    assert!(hosts::join(db, &joined).await.unwrap());
    let row = world.host(wanted.id).await;
    assert_eq!((row.state, row.name.as_str(), row.zone.as_str()), (HostState::Joining, "web-1", "zone-b"));
    assert_eq!(row.machine_id.as_deref(), Some("i-1"));
    let lying = Joined { zone: Some("zone-a".to_owned()), machine_id: Some("i-2".to_owned()), ..joined };
    assert!(hosts::join(db, &lying).await.unwrap());
    let row = world.host(wanted.id).await;
    assert_eq!((row.zone.as_str(), row.machine_id.as_deref()), ("zone-b", Some("i-1")));
    hosts::claim(db, controller, MINUTE, 10).await.unwrap();
    world.seen(wanted.id, controller).await;

    assert!(hosts::interrupted(db, wanted.id).await.unwrap());
    assert!(!hosts::interrupted(db, wanted.id).await.unwrap());
    hosts::set_spare(db, wanted.id, Some(Utc::now())).await.unwrap();
    assert!(hosts::advance(db, wanted.id, &[HostState::Ready], HostState::Draining, Some("spare")).await.unwrap());
    assert!(!hosts::advance(db, wanted.id, &[HostState::Ready], HostState::Draining, None).await.unwrap());
    let row = world.host(wanted.id).await;
    assert!(row.interrupted_at.is_some() && row.spare_since.is_none());
    assert!(hosts::machine_gone(db, wanted.id).await.unwrap());
    assert!(!hosts::machine_gone(db, wanted.id).await.unwrap());
    hosts::unseen(db, wanted.id, controller, Some(Duration::ZERO), "refused").await.unwrap();
    let row = world.host(wanted.id).await;
    assert_eq!((row.fault(), row.reason.as_deref()), (Some(HostFault::MachineGone), Some("its machine has ended")));
    hosts::advance(db, wanted.id, &[HostState::Lost], HostState::Terminating, None).await.unwrap();
    assert!(!hosts::launching(db, wanted.id, None).await.unwrap(), "no machine is wanted any more");
    assert!(hosts::gone(db, wanted.id, None).await.unwrap());
    let row = world.host(wanted.id).await;
    assert_eq!((row.state, row.machine_id, row.endpoint), (HostState::Gone, None, None));
    assert_eq!(hosts::list(db).await.unwrap().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn the_dynos_of_a_machine_that_ended_have_ended() {
    let world = World::new().await;
    let (pool, controller) = (world.db().pool(), new_id());
    let app = world.app("one-app").await;
    let host = world.remote_host(1, controller).await;
    let on_it = world.create(&world.new_dyno(&app, "web.1", Some(host))).await;
    let elsewhere = world.up(&app, "web.2").await;
    let end = async || dynos::end_with_hosts(pool, "its host ended").await.unwrap();
    hosts::unseen(pool, host, controller, Some(Duration::ZERO), "refused").await.unwrap();
    assert_eq!(end().await.len(), 0, "an engine that does not answer may still run them");
    hosts::machine_gone(pool, host).await.unwrap();
    assert_eq!(end().await.iter().map(|dyno| dyno.id).collect::<Vec<_>>(), [on_it]);
    assert_eq!(end().await.len(), 0);
    let row = dynos::find(pool, on_it).await.unwrap().unwrap();
    assert_eq!((row.state, row.note.as_deref()), (DynoState::Gone, Some("its host ended")));
    assert_eq!(dynos::find(pool, elsewhere).await.unwrap().unwrap().state, DynoState::Up);
    world.end().await;
}

#[tokio::test]
async fn routers_leave_a_lost_hosts_dynos_alone_while_there_are_others() {
    let world = World::new().await;
    let (pool, controller) = (world.db().pool(), new_id());
    let app = world.app("one-app").await;
    let host = world.remote_host(1, controller).await;
    let lost = world.create(&world.new_dyno(&app, "web.1", Some(host))).await;
    dynos::starting(pool, lost, Some(([10, 0, 0, 1], 5_000).into())).await.unwrap();
    dynos::up(pool, lost).await.unwrap();
    let routed = async || {
        let routes = routes::load(pool).await.unwrap();
        routes[0].dynos.iter().map(|dyno| dyno.id).collect::<Vec<_>>()
    };
    hosts::unseen(pool, host, controller, Some(Duration::ZERO), "refused").await.unwrap();
    assert_eq!(routed().await, [lost], "it may still serve");
    let other = world.up(&app, "web.2").await;
    assert_eq!(routed().await, [other]);
    dynos::gone(pool, other, None, None).await.unwrap();
    hosts::machine_gone(pool, host).await.unwrap();
    assert_eq!(routed().await, []);
    world.end().await;
}

#[tokio::test]
async fn a_host_that_is_gone_is_forgotten_when_nothing_speaks_of_it_any_more() {
    let world = World::new().await;
    let (pool, controller) = (world.db().pool(), new_id());
    let app = world.app("one-app").await;
    let host = world.remote_host(1, controller).await;
    let dyno = world.create(&world.new_dyno(&app, "web.1", Some(host))).await;
    let forget = async |before| hosts::forget(pool, before).await.unwrap();
    let later = || Utc::now() + TimeDelta::minutes(1);
    assert_eq!(forget(later()).await, 0);
    hosts::gone(pool, host, None).await.unwrap();
    dynos::gone(pool, dyno, None, None).await.unwrap();
    assert_eq!(forget(later()).await, 0, "a dyno ran there");
    dynos::forget(pool, later()).await.unwrap();
    assert_eq!(forget(Utc::now() - TimeDelta::days(1)).await, 0, "it went just now");
    assert_eq!(forget(later()).await, 1);
    world.end().await;
}
