//! Plans and applies in one short transaction under a lock, so that any number of controllers may do it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use paas_db::{Connection, DbError, Topic, Vault, builds, controllers, dynos, hosts, new_id, world};
use paas_model::{AppId, ControllerId, DynoKind, DynoName, HostState, ProcessType};
use paas_planner::{Action, Plan, Policy, WaitReason, Waiting, World};
use tokio_util::sync::CancellationToken;

use crate::{Control, crash_point, error::chain};

/// A wait that is shorter is nothing to tell anybody.
const TELL_AFTER: Duration = Duration::from_secs(2);

pub(super) async fn run(control: Control, id: ControllerId, stop: CancellationToken) {
    let topics =
        [Topic::Apps, Topic::Builds, Topic::Releases, Topic::Formations, Topic::Dynos, Topic::Hosts, Topic::Pools];
    let mut wake = control.changes.subscribe(&topics);
    let mut waits = Waits::default();
    loop {
        let plan = match turn(&control).await {
            Ok(plan) => plan,
            Err(error) => {
                tracing::warn!(error = chain(&error), "placement failed; it is tried again");
                Plan::default()
            }
        };
        // Every controller plans; one tells.
        if controllers::is_eldest(control.db.pool(), id, control.settings.host_lease).await.unwrap_or(false) {
            waits.tell(&control, &plan.waiting);
        }
        let longest = if waits.are_pending() { TELL_AFTER } else { super::TIMER };
        let next = plan.wake_at.map_or(longest, |at| wait_until(at, Utc::now())).min(longest);
        if stop.run_until_cancelled(wake.changed_or_after(next)).await.is_none() {
            return;
        }
    }
}

async fn turn(control: &Control) -> Result<Plan, DbError> {
    let mut tx = control.db.begin().await?;
    dynos::lock_placement(&mut tx).await?;
    builds::displace(&mut *tx).await?;
    let world = load(&mut tx).await?;
    let policy = Policy { crash: control.settings.crash, ..Policy::default() };
    let plan = paas_planner::plan(&world, &policy, Utc::now());
    crash_point!("rollout.planned");
    for action in &plan.actions {
        tracing::debug!(?action, "placement");
        apply(&mut tx, control.db.vault(), action).await?;
    }
    let ready = world.hosts.iter().find(|host| host.state == HostState::Ready);
    if let Some(host) = ready {
        for build in world::builds(&mut *tx).await?.iter().filter(|build| build.host_id.is_none()) {
            builds::place(&mut *tx, build.id, host.id).await?;
            crash_point!("build.placed");
        }
    }
    crash_point!("rollout.before_commit");
    tx.commit().await?;
    crash_point!("rollout.applied");
    Ok(plan)
}

async fn apply(db: &mut Connection, vault: &Vault, action: &Action) -> Result<(), DbError> {
    match action {
        Action::Start { app_id, release_id, kind, number, size, command, crashes, host, replaces } => {
            if let Some(crashed) = replaces {
                dynos::gone(&mut *db, *crashed, None, None).await?;
            }
            let dyno = dynos::NewDyno {
                id: new_id(),
                app_id: *app_id,
                release_id: *release_id,
                kind: DynoKind::Formation,
                name: DynoName { kind: kind.clone(), number: *number },
                size: *size,
                command: command.clone(),
                host_id: Some(*host),
                account_id: None,
                env: BTreeMap::new(),
                attach: None,
                tty: false,
                expires_at: None,
                crashes: *crashes,
            };
            dynos::create(db, vault, &dyno).await
        }
        Action::Place { dyno, host } => dynos::place(db, *dyno, *host).await.map(drop),
        Action::Stop { dyno, reason } => dynos::stop(db, *dyno, &reason.to_string()).await.map(drop),
        // The world that `load` reads has neither pools nor builds, so no plan asks for these.
        Action::PlaceBuild { .. }
        | Action::Launch { .. }
        | Action::Drain { .. }
        | Action::Undrain { .. }
        | Action::Terminate { .. }
        | Action::MarkSpare { .. }
        | Action::UnmarkSpare { .. } => {
            tracing::error!(?action, "a plan without pools and builds does something about them");
            Ok(())
        }
    }
}

async fn load(db: &mut Connection) -> Result<World, DbError> {
    let mut formations: BTreeMap<AppId, Vec<paas_planner::Formation>> = BTreeMap::new();
    for row in world::formations(&mut *db).await? {
        let formation = paas_planner::Formation {
            kind: row.kind,
            quantity: row.quantity,
            size: row.size,
            command: row.command,
            singleton: row.singleton,
        };
        formations.entry(row.app_id).or_default().push(formation);
    }
    let apps = world::apps(&mut *db).await?.into_iter().map(|row| paas_planner::App {
        id: row.id,
        canary_seconds: row.canary_seconds(),
        name: row.name,
        labels: row.labels,
        release: row.release_id.zip(row.release_version).map(|(id, version)| paas_planner::Release {
            id,
            version,
            has_slug: row.has_slug,
        }),
        formation: formations.remove(&row.id).unwrap_or_default(),
    });
    let apps = apps.collect();
    let hosts = hosts::list(&mut *db).await?.into_iter().map(|row| paas_planner::Host {
        fault: row.fault(),
        id: row.id,
        name: row.name,
        state: row.state,
        pool: None,
        zone: row.zone,
        labels: row.labels,
        memory_mb: row.memory_mb,
        cpu_millis: row.cpus.saturating_mul(1_000),
        since: row.since,
        spare_since: row.spare_since,
        interrupted: row.interrupted_at.is_some(),
        drain_requested: row.drain_requested,
        image: row.image,
        price_micros_per_hour: u64::try_from(row.price_micros).unwrap_or_default(),
    });
    let hosts = hosts.collect();
    let dynos = dynos::live(db).await?.into_iter().map(|row| paas_planner::Dyno {
        id: row.id,
        app_id: row.app_id,
        release_id: row.release_id,
        kind: row.kind,
        name: row.name(),
        size: row.size,
        command: row.command,
        state: row.state,
        host: row.host_id,
        up_at: row.up_at,
        crashes: row.crashes,
        restart_at: row.restart_at,
        restart_requested: row.restart_requested,
    });
    Ok(World { pools: Vec::new(), hosts, apps, dynos: dynos.collect(), builds: Vec::new() })
}

/// What apps wait for, since when, and whether they have been told.
#[derive(Default)]
struct Waits(BTreeMap<(AppId, ProcessType, String), (Instant, bool)>);

impl Waits {
    /// Tells an app, once, of a wait that has lasted for a while; forgets those that are over.
    fn tell(&mut self, control: &Control, waiting: &[Waiting]) {
        let short = waiting.iter().filter(|wait| {
            // A crash has its own lines, and room that is becoming free is not news.
            matches!(wait.reason, WaitReason::NoHosts | WaitReason::NoCapacity { .. })
        });
        let now: BTreeSet<_> = short.map(|wait| (wait.app_id, wait.kind.clone(), wait.reason.to_string())).collect();
        self.0.retain(|wait, _| now.contains(wait));
        for wait in now {
            let (since, told) = self.0.entry(wait.clone()).or_insert_with(|| (Instant::now(), false));
            if since.elapsed() >= TELL_AFTER && !std::mem::replace(told, true) {
                let (app, kind, reason) = wait;
                control.logs.heroku_event(app, kind.as_str(), format!("Waiting to start: {reason}"));
            }
        }
    }

    /// Whether some app is to be told soon.
    fn are_pending(&self) -> bool {
        self.0.values().any(|(_, told)| !told)
    }
}

fn wait_until(at: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (at - now).to_std().unwrap_or_default()
}
