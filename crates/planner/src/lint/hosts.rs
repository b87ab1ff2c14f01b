//! Hosts of pools: what a plan launches, marks, drains and terminates.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use paas_model::{HostFault, HostId, HostState, PoolId};

use super::{Facts, Violation};
use crate::{Action, DrainReason, Host, Plan, Pool, TerminateReason};

pub(super) fn lint(facts: &Facts<'_>, plan: &Plan) -> Vec<Violation> {
    let mut found = Vec::new();
    for action in &plan.actions {
        let (Action::Drain { host, .. }
        | Action::Undrain { host }
        | Action::Terminate { host, .. }
        | Action::MarkSpare { host }
        | Action::UnmarkSpare { host }) = action
        else {
            continue;
        };
        if !is_grounded(facts, plan, *host, action) {
            found.push(Violation::HostActionGroundless { host: *host, action: action.clone() });
        }
    }
    for pool in &facts.world.pools {
        sizes(facts, plan, pool, &mut found);
    }
    for action in &plan.actions {
        if let Action::Launch { pool, .. } = action
            && !facts.pools.contains_key(pool)
        {
            found.push(Violation::LaunchNotPossible(*pool));
        }
    }
    found
}

fn is_grounded(facts: &Facts<'_>, plan: &Plan, id: HostId, action: &Action) -> bool {
    let Some(host) = facts.hosts.get(&id).copied() else { return false };
    let Some(pool) = host.pool.and_then(|pool| facts.pools.get(&pool)) else { return false };
    let since = |at, wait| TimeDelta::from_std(wait).is_ok_and(|wait| at + wait <= facts.now);
    match action {
        Action::Drain { reason, .. } => {
            host.state == HostState::Ready
                && match reason {
                    DrainReason::Spare => host.spare_since.is_some_and(|at| since(at, facts.policy.spare_after)),
                    DrainReason::Interrupted => host.interrupted,
                    DrainReason::Outdated => pool.replace_outdated && host.image.is_some() && host.image != pool.image,
                    DrainReason::OverMaximum => hosts_of(facts, pool.id).count() > pool.max_hosts as usize,
                }
        }
        Action::Undrain { .. } => host.state == HostState::Draining && !host.drain_requested && !host.interrupted,
        Action::Terminate { reason, .. } => match reason {
            TerminateReason::Drained => {
                host.state == HostState::Draining && !host.drain_requested && holds_nothing(facts, plan, id)
            }
            TerminateReason::NeverJoined => {
                matches!(host.state, HostState::Requested | HostState::Launching | HostState::Joining)
                    && since(host.since, facts.policy.join_timeout)
            }
            TerminateReason::MachineGone => host.state == HostState::Lost && host.fault == Some(HostFault::MachineGone),
            TerminateReason::Lost => host.state == HostState::Lost && since(host.since, facts.policy.lost_grace),
        },
        Action::MarkSpare { .. } => host.state == HostState::Ready && host.spare_since.is_none(),
        Action::UnmarkSpare { .. } => host.state == HostState::Ready && host.spare_since.is_some(),
        _ => true,
    }
}

fn holds_nothing(facts: &Facts<'_>, plan: &Plan, id: HostId) -> bool {
    let comes = |action: &Action| match action {
        Action::Start { host, .. } | Action::Place { host, .. } | Action::PlaceBuild { host, .. } => *host == id,
        Action::Undrain { host } => *host == id,
        _ => false,
    };
    let dynos = facts.world.dynos.iter().all(|dyno| dyno.reserves_on() != Some(id));
    let builds = facts.world.builds.iter().all(|build| build.host != Some(id));
    dynos && builds && !plan.actions.iter().any(comes)
}

/// Neither too many hosts nor too few, and only what the pool offers.
fn sizes(facts: &Facts<'_>, plan: &Plan, pool: &Pool, found: &mut Vec<Violation>) {
    let mut launched = 0;
    for action in &plan.actions {
        let Action::Launch { pool: id, instance_type, zone, spot } = action else { continue };
        if *id != pool.id {
            continue;
        }
        launched += 1;
        let offered = pool
            .offers
            .iter()
            .any(|offer| (&offer.instance_type, &offer.zone, offer.spot) == (instance_type, zone, *spot));
        if !offered || pool.launch_after.is_some_and(|at| at > facts.now) {
            found.push(Violation::LaunchNotPossible(pool.id));
        }
    }
    let ended: BTreeSet<_> = plan
        .actions
        .iter()
        .filter_map(|action| match action {
            Action::Terminate { host, .. } => Some(*host),
            _ => None,
        })
        .collect();
    let outdated = |host: &Host| pool.replace_outdated && host.image.is_some() && host.image != pool.image;
    let replaces = hosts_of(facts, pool.id).any(outdated);
    let kept =
        hosts_of(facts, pool.id).filter(|host| host.state == HostState::Draining || !ended.contains(&host.id)).count();
    if launched > 0 && kept + launched > pool.max_hosts as usize + usize::from(replaces) {
        found.push(Violation::LaunchNotPossible(pool.id));
    }
    let saves = |action: &&Action| match action {
        Action::Drain { host, reason: DrainReason::Spare | DrainReason::Outdated } => {
            facts.hosts.get(host).is_some_and(|host| host.pool == Some(pool.id))
        }
        _ => false,
    };
    let drained = plan.actions.iter().filter(saves).count();
    let usable = hosts_of(facts, pool.id).filter(|host| host.state != HostState::Draining && !ended.contains(&host.id));
    if drained > 0 && usable.count() + launched < pool.min_hosts as usize + drained {
        found.push(Violation::BelowMinimum(pool.id));
    }
}

/// The hosts of a pool that count: on their way, ready or draining, and not about to be taken away.
fn hosts_of<'f>(facts: &'f Facts<'_>, pool: PoolId) -> impl Iterator<Item = &'f Host> {
    let counts = move |host: &&Host| {
        let state = matches!(
            host.state,
            HostState::Requested | HostState::Launching | HostState::Joining | HostState::Ready | HostState::Draining
        );
        host.pool == Some(pool) && state && !host.interrupted
    };
    facts.hosts.values().copied().filter(counts)
}
