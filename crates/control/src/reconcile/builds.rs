//! Takes builds that are due, by lease, and runs them. A build that was interrupted is taken again from its beginning:
//! its source is in the registry, and what an earlier attempt left is removed by the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use chrono::Utc;
use paas_builder::{BuildError, BuildEvent, BuildRequest, Built, InputError, WarmRequest};
use paas_db::{
    DbError, GiveBack, Topic, apps, apps::App, build_output, buildpacks, builds, builds::Build, configs,
    container_images, new_id, slugs,
};
use paas_model::{BuildId, BuildpackSource, LeaseId, SlugId, describe};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::aftermath::{self, Aftermath};
use crate::{
    Control, OpError, crash_point,
    error::chain,
    ops,
    ops::{builds::CANCELLED, sources::FetchError},
};

/// Output reaches its readers in pieces of this age or size.
const PIECE_AGE: Duration = Duration::from_millis(40);
const PIECE_BYTES: usize = 16 * 1024;
/// After this many attempts that broke off through no fault of the app, its owner is told and the build fails.
const MAX_ATTEMPTS: i32 = 5;

/// Why an attempt did not end its build.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("the server stops")]
    Stopping,
    #[error("the build has no host")]
    NoHost,
    #[error("its host is lost")]
    HostLost,
    #[error("it was called off")]
    CalledOff,
    #[error("the server ended {MAX_ATTEMPTS} times while it ran")]
    TooOften,
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Op(#[from] OpError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// `local`: the Unix socket whose host's builds this process may run, besides those of hosts that any may.
pub(super) async fn run(control: Control, local: Option<String>, stop: CancellationToken) {
    let mut wake = control.changes.subscribe(&[Topic::Builds, Topic::Hosts]);
    let (mut running, aftermath) = (JoinSet::new(), Aftermath::default());
    while !stop.is_cancelled() {
        claim(&control, local.as_deref(), &mut running, &aftermath, &stop).await;
        let timer = next_due(&control).await;
        tokio::select! {
            () = wake.changed_or_after(timer) => {}
            Some(_) = running.join_next(), if !running.is_empty() => {}
            () = stop.cancelled() => {}
        }
    }
    while running.join_next().await.is_some() {}
    aftermath.end().await;
}

async fn claim(
    control: &Control,
    local: Option<&str>,
    running: &mut JoinSet<()>,
    aftermath: &Aftermath,
    stop: &CancellationToken,
) {
    while running.len() < control.settings.parallel_builds {
        let lease = new_id::<LeaseId>();
        match builds::claim(control.db.pool(), lease, control.settings.lease, local).await {
            Ok(Some(id)) => {
                crash_point!("build.claimed");
                running.spawn(work(control.clone(), id, lease, aftermath.clone(), stop.clone()));
            }
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(error = chain(&error), "builds cannot be claimed; trying again");
                return;
            }
        }
    }
}

async fn next_due(control: &Control) -> Duration {
    let due = builds::next_due(control.db.pool()).await.ok().flatten();
    let wait = due.map_or(super::TIMER, |at| (at - Utc::now()).to_std().unwrap_or_default());
    wait.clamp(Duration::from_millis(200), super::TIMER)
}

/// One claimed build, to its end or until it is given back.
async fn work(control: Control, id: BuildId, lease: LeaseId, aftermath: Aftermath, stop: CancellationToken) {
    let _running = aftermath.a_build_runs();
    let ends = Ends { cancel: stop.child_token(), ..Ends::default() };
    let _heartbeat = keep_lease(&control, id, lease, ends.clone());
    let started = Instant::now();
    let outcome = match Box::pin(attempt(&control, id, lease, &aftermath, &ends.cancel)).await {
        Err(_) if ends.called_off.is_cancelled() => call_off(&control, id, lease).await,
        Err(Interrupted::CalledOff) => call_off(&control, id, lease).await,
        Err(_) if ends.host_lost.is_cancelled() => Err(Interrupted::HostLost),
        outcome => outcome,
    };
    let duration_ms = started.elapsed().as_millis();
    let error = match outcome {
        Ok(()) => return tracing::info!(build.id = %id, duration_ms, "a build ended"),
        Err(error) => error,
    };
    tracing::warn!(build.id = %id, duration_ms, error = chain(&error), "a build broke off");
    if let Err(error) = give_back(&control, id, lease, &error, &stop).await {
        tracing::warn!(build.id = %id, error = chain(&error), "a build could not be given back; its lease runs out");
    }
}

/// What ends an attempt before it has ended by itself.
#[derive(Debug, Clone, Default)]
struct Ends {
    /// For whatever reason.
    cancel: CancellationToken,
    host_lost: CancellationToken,
    /// By a user.
    called_off: CancellationToken,
}

/// Renews the lease until dropped; a lost lease cancels the build, so does a lost host, and so does a user.
fn keep_lease(control: &Control, id: BuildId, lease: LeaseId, ends: Ends) -> DropGuard {
    let done = CancellationToken::new();
    let (guard, control, ttl) = (done.clone().drop_guard(), control.clone(), control.settings.lease);
    let mut wake = control.changes.subscribe(&[Topic::Builds]);
    tokio::spawn(async move {
        let mut renewed = Instant::now();
        while done.run_until_cancelled(wake.changed_or_after(ttl / 3)).await.is_some() {
            if builds::is_cancelled(control.db.pool(), id).await.unwrap_or(false) {
                ends.called_off.cancel();
                return ends.cancel.cancel();
            }
            if renewed.elapsed() < ttl / 3 {
                continue;
            }
            match builds::extend(control.db.pool(), id, lease, ttl).await {
                Ok(true) => renewed = Instant::now(),
                Ok(false) => {
                    ends.host_lost.cancel();
                    return ends.cancel.cancel();
                }
                Err(DbError::LeaseLost) => return ends.cancel.cancel(),
                // The database is away: so is everybody who could take the build.
                Err(_) => {}
            }
        }
    });
    guard
}

/// Ends a build that a user called off; its container is gone.
async fn call_off(control: &Control, id: BuildId, lease: LeaseId) -> Result<(), Interrupted> {
    let build = builds::find(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("build"))?;
    let by = build.cancelled_by.unwrap_or_default();
    append(control, id, &ops::builds::cancelled_text(&by)).await?;
    builds::fail(control.db.pool(), id, lease, CANCELLED).await?;
    control.logs.app_event(build.app_id, "api", ops::builds::cancelled_line(&by));
    Ok(())
}

async fn attempt(
    control: &Control,
    id: BuildId,
    lease: LeaseId,
    aftermath: &Aftermath,
    cancel: &CancellationToken,
) -> Result<(), Interrupted> {
    let build = builds::find(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("build"))?;
    let app = apps::by_id(control.db.pool(), build.app_id).await?.ok_or_else(|| OpError::not_found("app"))?;
    let host = build.host_id.ok_or(Interrupted::NoHost)?;
    let engine = control.engine(host).await?;
    // The database's clock for both: it was claimed a moment ago.
    let waited = (build.updated_at - build.created_at).to_std().unwrap_or_default();
    if build.attempt > 1 {
        control.builder.clean(&*engine, id).await.map_err(BuildError::Infrastructure)?;
        // Whoever ran it died before it ended it.
        if build.cancelled_by.is_some() {
            return Err(Interrupted::CalledOff);
        }
        if build.attempt > MAX_ATTEMPTS {
            return Err(Interrupted::TooOften);
        }
        append(control, id, " !     The build was interrupted and starts again.\n").await?;
        crash_point!("build.cleaned");
    }
    let mut refusal = ops::disk::refusal(control, host, &*engine).await;
    if refusal.is_some() && aftermath::makes_room(&*engine, host).await {
        refusal = ops::disk::refusal(control, host, &*engine).await;
    }
    if let Some(refusal) = refusal {
        append(control, id, &refusal.text).await?;
        return fail(control, &build, lease, &refusal.reason).await;
    }
    let fetched = cancel.run_until_cancelled(Box::pin(ops::sources::fetched(control, build.source_id))).await;
    let source_digest = match fetched.ok_or(Interrupted::Stopping)? {
        Ok(digest) => digest,
        Err(FetchError::Input(InputError::Refused(why))) => {
            let from = build.source_url.as_deref().unwrap_or_default();
            let text =
                format!(" !     The source cannot be fetched from {from}:\n !     {why}.\n\n !     Push failed\n");
            append(control, id, &text).await?;
            return fail(control, &build, lease, &format!("the source cannot be fetched: {why}")).await;
        }
        Err(other) => return Err(other.into()),
    };
    let request = request(control, &build, &app, source_digest).await?;
    let (events, received) = mpsc::channel(64);
    let (built, mut stages) =
        tokio::join!(control.builder.build(&*engine, &request, events, cancel.clone()), record(control, id, received));
    stages.insert("wait".to_owned(), milliseconds(waited));
    let next = |stack, cache_digest| WarmRequest { after: id, app_id: app.id, stack, cache_digest, host };
    match built {
        Ok(built) => {
            crash_point!("build.built");
            let next = next(built.stack.clone(), built.cache_digest.clone());
            let written = succeed(control, &build, &app, lease, built, stages).await;
            if written.is_ok() {
                aftermath.follows(control.clone(), engine, next, cancel.clone());
            } else {
                aftermath::clean(control, &*engine, id).await;
            }
            written
        }
        Err(BuildError::Rejected { reason }) => {
            builds::add_stages(control.db.pool(), id, &stages).await?;
            fail(control, &build, lease, &reason).await?;
            // Whoever's build failed is likely to push again.
            let next = next(request.stack, request.cache_digest);
            aftermath.follows(control.clone(), engine, next, cancel.clone());
            Ok(())
        }
        Err(BuildError::Cancelled) => Err(Interrupted::Stopping),
        Err(error) => Err(error.into()),
    }
}

/// Ends the build for a reason that is the user's, and that they have seen.
async fn fail(control: &Control, build: &Build, lease: LeaseId, reason: &str) -> Result<(), Interrupted> {
    builds::fail(control.db.pool(), build.id, lease, reason).await?;
    crash_point!("build.failed");
    control.logs.app_event(build.app_id, "api", "Build failed -- check your build output");
    Ok(())
}

async fn request(
    control: &Control,
    build: &Build,
    app: &App,
    source_digest: String,
) -> Result<BuildRequest, Interrupted> {
    let config = configs::find(control.db.pool(), control.db.vault(), app.id, app.config_id).await?.unwrap_or_default();
    let buildpacks = match &build.buildpacks {
        Some(urls) => urls.clone(),
        None => buildpacks::list(control.db.pool(), app.id).await?.into_iter().map(|row| row.url).collect(),
    };
    let newest = slugs::newest(control.db.pool(), app.id).await?;
    Ok(BuildRequest {
        build_id: build.id,
        app_id: app.id,
        app_name: app.name.clone(),
        source_digest,
        version: build.version.clone(),
        stack: build.stack.clone(),
        config,
        config_id: app.config_id,
        buildpacks: buildpacks.iter().filter_map(|url| BuildpackSource::parse(url).ok()).collect(),
        cache_digest: app.cache_digest.clone().filter(|_| app.cache_stack.as_deref() == Some(&build.stack)),
        layers: newest.map(|slug| slug.layers()).unwrap_or_default(),
    })
}

/// Stores what the build prints, in pieces, until the builder is done; returns the milliseconds of its stages.
async fn record(control: &Control, id: BuildId, mut events: mpsc::Receiver<BuildEvent>) -> BTreeMap<String, u64> {
    let (mut stages, mut piece) = (BTreeMap::new(), String::new());
    let mut oldest = None;
    loop {
        let due = oldest.map(|since: Instant| tokio::time::Instant::from_std(since + PIECE_AGE));
        let event = match due {
            Some(due) => tokio::time::timeout_at(due, events.recv()).await.map_err(|_| ()),
            None => Ok(events.recv().await),
        };
        let ended = event == Ok(None);
        match event {
            Ok(Some(BuildEvent::Output(line))) => {
                piece.push_str(&line);
                piece.push('\n');
                oldest.get_or_insert_with(Instant::now);
            }
            Ok(Some(BuildEvent::Stage { name, took })) => {
                stages.insert(name.to_owned(), milliseconds(took));
            }
            Ok(None) | Err(()) => {}
        }
        let full = piece.len() >= PIECE_BYTES || oldest.is_some_and(|since| since.elapsed() >= PIECE_AGE);
        if !piece.is_empty() && (full || ended) {
            if let Err(error) = append(control, id, &piece).await {
                // The database is away; the build goes on, and its end is what decides.
                tracing::warn!(build.id = %id, error = chain(&error), "build output was lost");
            }
            piece.clear();
            oldest = None;
        }
        if ended {
            return stages;
        }
    }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

async fn append(control: &Control, id: BuildId, text: &str) -> Result<(), DbError> {
    build_output::append(control.db.pool(), id, text).await
}

/// Slug, release and the end of the build in one transaction.
async fn succeed(
    control: &Control,
    build: &Build,
    app: &App,
    lease: LeaseId,
    built: Built,
    mut stages: BTreeMap<String, u64>,
) -> Result<(), Interrupted> {
    let since = Instant::now();
    let mut tx = control.db.begin().await?;
    if !apps::lock(&mut tx, app.id).await? {
        return Err(OpError::not_found("app").into());
    }
    let containers = built.container.iter().flat_map(|container| container.images.values());
    for image in BTreeSet::from_iter(containers.chain([&built.image])) {
        ops::slugs::require_image(control, image).await?;
    }
    let now = apps::by_id(&mut *tx, app.id).await?.ok_or_else(|| OpError::not_found("app"))?;
    let slug = slugs::NewSlug {
        id: new_id::<SlugId>(),
        app_id: app.id,
        stack: built.stack,
        layers: built.layers,
        image: built.image,
        commit: build.version.clone(),
        commit_description: build.version_description.clone(),
        buildpack_provided_description: built.buildpack_description,
        process_types: built.process_types,
    };
    slugs::create(&mut *tx, &slug).await?;
    if let Some(container) = &built.container {
        container_images::create(&mut *tx, slug.id, container).await?;
    }
    crash_point!("build.slug_stored");
    apps::set_cache(&mut tx, app, built.cache_digest.as_deref(), &build.stack).await?;
    let urls: Vec<String> = built.buildpacks.iter().map(BuildpackSource::url).collect();
    if build.buildpacks.is_none() && buildpacks::list(&mut *tx, app.id).await?.is_empty() {
        // The detected buildpack stays the app's (Heroku: it is not detected again).
        buildpacks::replace(&mut tx, app.id, &urls, true).await?;
    }
    let used = built.buildpacks.iter().map(|pack| builds::UsedBuildpack { name: pack.name(), url: pack.url() });
    let buildpacks_used = used.collect();
    let description = describe::deploy(build.version.as_deref());
    let new = ops::releases::NewReleaseOf {
        slug_id: Some(slug.id),
        config_id: now.config_id,
        build_id: Some(build.id),
        description: description.clone(),
    };
    let made = ops::releases::insert(&mut tx, app.id, build.account_id, new).await?;
    let mut lines = String::from("-----> Launching...\n");
    if !made.succeeded {
        let warning = " !     Release command declared: this new release will not be available until the command \
                       succeeds.\n";
        lines.push_str(warning);
    }
    let (url, product) = (control.settings.app_url(&now.name), &control.settings.product);
    lines.push_str(&format!("       Released {}\n       {url} deployed to {product}\n\n", made.version));
    build_output::append(&mut *tx, build.id, &lines).await?;
    stages.insert("release".to_owned(), milliseconds(since.elapsed()));
    let outcome = builds::Outcome { slug_id: slug.id, buildpacks_used, stages };
    builds::succeed(&mut tx, build.id, lease, &outcome).await?;
    crash_point!("build.before_commit");
    tx.commit().await.map_err(DbError::from)?;
    crash_point!("build.committed");
    control.logs.app_event(app.id, "api", "Build succeeded");
    control.logs.app_event(app.id, "api", format!("{description} by user {}", build.account_email));
    ops::releases::announce(control, &made, &build.account_email);
    Ok(())
}

/// After a failure that is not the app's: the build is tried again, a few times.
async fn give_back(
    control: &Control,
    id: BuildId,
    lease: LeaseId,
    error: &Interrupted,
    stop: &CancellationToken,
) -> Result<(), DbError> {
    let Some(build) = builds::find(control.db.pool(), id).await? else {
        return Ok(());
    };
    let reason = error.to_string();
    crash_point!("build.given_back");
    if stop.is_cancelled() {
        return builds::release(control.db.pool(), id, lease, &reason, GiveBack::Stopping).await;
    }
    if build.attempt < MAX_ATTEMPTS {
        let wait = Duration::from_secs(2_u64.saturating_pow(u32::try_from(build.attempt).unwrap_or(0)));
        return builds::release(control.db.pool(), id, lease, &reason, GiveBack::Failed { wait }).await;
    }
    let text = " !     The platform could not run this build. It is not your app's fault: push again later.\n\n !     \
                Push failed\n";
    append(control, id, text).await?;
    builds::fail(control.db.pool(), id, lease, &reason).await
}
