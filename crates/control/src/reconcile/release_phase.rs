//! Releases with a `release:` command: it runs in a dyno of its own, and its exit status decides the release
//! (Heroku: release phase). The release before it serves meanwhile.

use std::collections::BTreeMap;

use chrono::Utc;
use paas_db::{DbError, Topic, dynos, new_id, releases, releases::Release, slugs};
use paas_model::{DynoKind, DynoName, DynoSize, DynoState, ProcessType, ReleaseState};
use tokio_util::sync::CancellationToken;

use crate::{Control, crash_point, error::chain, ops};

/// Heroku: not extendable.
const TIMEOUT: chrono::TimeDelta = chrono::TimeDelta::hours(1);

pub(super) async fn run(control: Control, stop: CancellationToken) {
    let mut wake = control.changes.subscribe(&[Topic::Releases, Topic::Dynos]);
    loop {
        if let Err(error) = turn(&control).await {
            tracing::warn!(error = chain(&error), "the release phase failed; it is tried again");
        }
        if !super::woken(&mut wake, &stop).await {
            return;
        }
    }
}

async fn turn(control: &Control) -> Result<(), DbError> {
    for release in releases::open(control.db.pool()).await? {
        match release.state {
            ReleaseState::Pending => start(control, &release).await?,
            ReleaseState::RunningPhase => finish(control, &release).await?,
            ReleaseState::Succeeded | ReleaseState::Failed => {}
        }
    }
    Ok(())
}

async fn start(control: &Control, release: &Release) -> Result<(), DbError> {
    let slug = match release.slug_id {
        Some(slug) => slugs::find(control.db.pool(), release.app_id, slug).await?,
        None => None,
    };
    let command = slug.and_then(|mut slug| slug.process_types.remove(&ProcessType::release()));
    let Some(command) = command else {
        return end(control, release, ReleaseState::Pending, ReleaseState::Succeeded).await;
    };
    let mut tx = control.db.begin().await?;
    if !releases::advance(&mut tx, release.id, ReleaseState::Pending, ReleaseState::RunningPhase).await? {
        return Ok(());
    }
    let dyno = dynos::NewDyno {
        id: new_id(),
        app_id: release.app_id,
        release_id: release.id,
        kind: DynoKind::ReleasePhase,
        name: DynoName { kind: ProcessType::release(), number: rand::random_range(1_000..=9_999) },
        size: DynoSize::default(),
        command,
        host_id: None,
        account_id: None,
        env: BTreeMap::new(),
        attach: None,
        tty: false,
        expires_at: Some(Utc::now() + TIMEOUT),
        crashes: 0,
    };
    dynos::create(&mut *tx, control.db.vault(), &dyno).await?;
    tx.commit().await?;
    crash_point!("release.phase_started");
    Ok(())
}

async fn finish(control: &Control, release: &Release) -> Result<(), DbError> {
    let dyno = dynos::of_release_phase(control.db.pool(), release.id).await?;
    let next = match dyno {
        Some(dyno) if dyno.state != DynoState::Gone => return Ok(()),
        Some(dyno) if dyno.exit_code == Some(0) => ReleaseState::Succeeded,
        // Another exit status, never started, or forgotten: not a success.
        _ => ReleaseState::Failed,
    };
    end(control, release, ReleaseState::RunningPhase, next).await
}

async fn end(control: &Control, release: &Release, from: ReleaseState, to: ReleaseState) -> Result<(), DbError> {
    crash_point!("release.before_end");
    let mut tx = control.db.begin().await?;
    // The lock keeps this release's formation from overtaking that of one made at the same time.
    paas_db::apps::lock(&mut tx, release.app_id).await?;
    if !releases::advance(&mut tx, release.id, from, to).await? {
        return Ok(());
    }
    if to == ReleaseState::Succeeded {
        ops::apps::follow_release(&mut tx, release.app_id, release.slug_id).await?;
    }
    tx.commit().await?;
    crash_point!("release.ended");
    let line = match to {
        ReleaseState::Succeeded => format!("Release {} created by user {}", release.version, release.account_email),
        _ => format!("Release {} command failed; the release before it keeps running", release.version),
    };
    control.logs.app_event(release.app_id, "api", line);
    Ok(())
}
