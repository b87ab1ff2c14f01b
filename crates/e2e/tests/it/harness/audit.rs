//! What exists without a row, and rows whose thing does not exist.

use std::{collections::BTreeSet, fmt::Display};

use super::{Host, Pool, eventually, seconds};

/// Waits until there is nothing of either kind, nobody holds what a dead process took, and all work has ended.
#[track_caller]
pub(crate) fn nothing_is_left_over(pool: &Pool) {
    let mut last = Vec::new();
    eventually("nothing is left over", seconds(120), || {
        let found = audit(pool);
        if found != last {
            eprintln!("left over: {found:#?}");
            last.clone_from(&found);
        }
        found.is_empty().then_some(())
    });
}

/// Asserts that no slot of the formation has two containers that run, wherever they are.
#[track_caller]
pub(crate) fn nothing_runs_twice(pool: &Pool) {
    let running = pool.machines().iter().flat_map(|host| containers(host, Some("running"))).collect::<BTreeSet<_>>();
    let slots = pool.platform.sql(
        "select 'dyno-' || d.id, a.name || ' ' || d.type || '.' || d.number from dynos d join apps a on a.id = d.app_id",
    );
    let slots = slots.lines().filter_map(|row| row.split_once('|')).filter(|(name, _)| running.contains(*name));
    let mut filled = BTreeSet::new();
    let twice: Vec<_> = slots.map(|(_, slot)| slot).filter(|slot| !filled.insert(*slot)).collect();
    assert!(twice.is_empty(), "these run twice: {twice:?}");
}

fn audit(pool: &Pool) -> Vec<String> {
    let platform = &pool.platform;
    let set = |query: &str| platform.sql(query).lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let mut found = Vec::new();

    let mut there = BTreeSet::new();
    for host in pool.machines() {
        there.extend(containers(&host, None));
        let networks = host.docker(&["network", "ls", "--quiet", "--filter", "label=paas"]).ok().stdout;
        if networks.lines().count() > NETWORKS {
            found.push(format!("{} has {} networks", host.name, networks.lines().count()));
        }
    }
    there.extend(platform.dynos().into_iter().chain(platform.builds()).map(|container| container.name));
    let wanted = set("select 'dyno-' || id from dynos where state in ('starting', 'up', 'stopping')");
    differences("container", &there, &wanted, &mut found);

    if let Some(moto) = &pool.moto {
        let instances = moto.running().into_iter().map(|instance| instance.id).collect();
        let wanted = set("select machine_id from hosts where machine_id is not null and state <> 'gone'");
        differences("instance", &instances, &wanted, &mut found);
    }

    let ports: BTreeSet<_> = pool.machines().iter().flat_map(published).collect();
    let wanted = set("select d.address from dynos d join hosts h on h.id = d.host_id \
                      where d.state in ('starting', 'up') and d.address is not null and h.endpoint like 'tcp:%'");
    differences("port", &ports, &wanted, &mut found);

    for (what, query) in LEASES {
        let rows = platform.sql(query);
        if !rows.is_empty() {
            found.push(format!("{what}: {rows}"));
        }
    }
    found
}

/// One for dynos, one for builds.
const NETWORKS: usize = 2;

const LEASES: [(&str, &str); 5] = [
    ("work that has not ended", "select id, state from builds where state in ('pending', 'building')"),
    ("releases that have not ended", "select id, state from releases where state in ('pending', 'running_phase')"),
    ("dynos on their way", "select id, state from dynos where state not in ('up', 'gone')"),
    ("hosts on their way", "select name, state from hosts where state not in ('ready', 'gone')"),
    ("leases of the dead", "select name from hosts where lease_id is not null and lease_expires_at < now()"),
];

/// Names of those in a state, or in any.
fn containers(host: &Host, state: Option<&str>) -> Vec<String> {
    let filter = state.map(|state| format!("--filter=status={state}"));
    let list: Vec<_> = ["ps", "--all", "--format", "{{.Names}}"].into_iter().chain(filter.as_deref()).collect();
    host.docker(&list).ok().stdout.lines().map(str::to_owned).collect()
}

/// `address:port` for each port of a container that the host publishes.
fn published(host: &Host) -> Vec<String> {
    let ran = host.docker(&["ps", "--format", "{{.Ports}}"]).ok().stdout;
    // `10.210.0.11:32768->5000/tcp`
    let ports = ran.lines().flat_map(|line| line.split(", ")).filter_map(|port| port.split_once("->"));
    ports.map(|(address, _)| address.to_owned()).collect()
}

fn differences<Name: Ord + Display>(
    what: &str,
    there: &BTreeSet<Name>,
    wanted: &BTreeSet<Name>,
    found: &mut Vec<String>,
) {
    found.extend(there.difference(wanted).map(|name| format!("{what} without a row: {name}")));
    found.extend(wanted.difference(there).map(|name| format!("row without its {what}: {name}")));
}
