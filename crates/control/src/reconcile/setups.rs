//! Makes apps from the app.json and the heroku.yml of their source. A setup is a row: first its source is fetched and its app.json applied, under
//! a lease, in one transaction that also asks for the build; then it waits for the build, and for the postdeploy script.

use std::{collections::BTreeMap, time::Duration};

use chrono::{TimeDelta, Utc};
use paas_builder::{CONTAINER_STACK, InputError, ManifestSetup};
use paas_db::{
    Connection, DbError, GiveBack, Topic, apps, buildpacks, builds, dynos, new_id, releases, setups,
    setups::{Rest, Script, Setup, Wish},
};
use paas_logs::Filter;
use paas_model::{
    AppJson, BuildState, BuildpackSource, DynoId, DynoKind, DynoName, DynoSize, DynoState, LeaseId, LogSource,
    ProcessType, Quantity, ReleaseId, ReleaseState, SetupId, SetupState, Wanted,
};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    Control, OpError,
    error::chain,
    ops,
    ops::{formation::Scale, sources::FetchError},
};

const APP_JSON: &str = "app.json";
const HEROKU_YML: &str = "heroku.yml";
/// The config var that stands for an app's buildpacks.
const BUILDPACK_URL: &str = "BUILDPACK_URL";
/// Most bytes of either.
const MANIFEST_BYTES: u64 = 256 << 10;
/// After this many attempts that broke off through no fault of the user, they are told and the setup fails.
const MAX_ATTEMPTS: i32 = 5;
/// Sources that are fetched at once.
const SIDE_BY_SIDE: usize = 4;
/// Lines of the postdeploy script's output that are kept.
const OUTPUT_LINES: usize = 500;

/// Why a setup was not moved on.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("the server stops")]
    Stopping,
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Op(#[from] OpError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Why a setup fails, for its owner.
#[derive(Debug)]
struct Failure {
    message: String,
    manifest_errors: Vec<String>,
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), manifest_errors: Vec::new() }
    }

    fn ours() -> Self {
        Self::new("The platform could not set this app up. It is not your app's fault: try again later.")
    }

    fn transferred() -> Self {
        Self::new("The app was transferred to another account meanwhile. What is left to do is its new owner's to do.")
    }

    fn manifest(file: &str, manifest_errors: Vec<String>) -> Self {
        Self { message: format!("invalid {file}"), manifest_errors }
    }
}

pub(super) async fn run(control: Control, stop: CancellationToken) {
    let mut wake = control.changes.subscribe(&[Topic::AppSetups, Topic::Builds, Topic::Releases, Topic::Dynos]);
    let mut running = JoinSet::new();
    loop {
        while running.try_join_next().is_some() {}
        if let Err(error) = turn(&control, &mut running, &stop).await {
            tracing::warn!(error = chain(&error), "apps cannot be set up; trying again");
        }
        if !super::woken(&mut wake, &stop).await {
            break;
        }
    }
    while running.join_next().await.is_some() {}
}

async fn turn(control: &Control, running: &mut JoinSet<()>, stop: &CancellationToken) -> Result<(), Interrupted> {
    for id in setups::open(control.db.pool()).await? {
        if let Err(error) = advance(control, id).await {
            // It stops no others.
            tracing::warn!(setup.id = %id, error = chain(&error), "an app's setup cannot go on; trying again");
        }
    }
    while running.len() < SIDE_BY_SIDE {
        let lease = new_id::<LeaseId>();
        let Some(id) = setups::claim(control.db.pool(), lease, control.settings.lease).await? else { break };
        running.spawn(work(control.clone(), id, lease, stop.clone()));
    }
    Ok(())
}

/// One that waits, if what it waits for has come.
async fn advance(control: &Control, id: SetupId) -> Result<(), Interrupted> {
    let Some(setup) = setups::find(control.db.pool(), id).await? else { return Ok(()) };
    match setup.state {
        SetupState::Building => after_build(control, &setup).await,
        SetupState::Postdeploy => after_postdeploy(control, &setup).await,
        SetupState::Pending | SetupState::Succeeded | SetupState::Failed => Ok(()),
    }
}

/// One claimed setup, until its app is being built, or it is given back.
async fn work(control: Control, id: SetupId, lease: LeaseId, stop: CancellationToken) {
    let cancel = stop.child_token();
    let _heartbeat = keep_lease(&control, id, lease, cancel.clone());
    let begun = cancel.run_until_cancelled(Box::pin(begin(&control, id, lease))).await;
    let Err(error) = begun.unwrap_or(Err(Interrupted::Stopping)) else { return };
    tracing::warn!(setup.id = %id, error = chain(&error), "an app's setup broke off");
    if let Err(error) = give_back(&control, id, lease, &error, &stop).await {
        tracing::warn!(setup.id = %id, error = chain(&error), "a setup could not be given back; its lease runs out");
    }
}

/// Renews the lease until dropped; a lost lease cancels.
fn keep_lease(control: &Control, id: SetupId, lease: LeaseId, cancel: CancellationToken) -> DropGuard {
    let done = CancellationToken::new();
    let (guard, control, ttl) = (done.clone().drop_guard(), control.clone(), control.settings.lease);
    tokio::spawn(async move {
        while done.run_until_cancelled(tokio::time::sleep(ttl / 3)).await.is_some() {
            if let Err(DbError::LeaseLost) = setups::extend(control.db.pool(), id, lease, ttl).await {
                return cancel.cancel();
            }
        }
    });
    guard
}

/// Reads the app.json and applies it, or ends the setup with what is wrong.
async fn begin(control: &Control, id: SetupId, lease: LeaseId) -> Result<(), Interrupted> {
    let setup = setups::find(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("app_setup"))?;
    if setup.attempt > MAX_ATTEMPTS {
        // Each time the server was killed meanwhile: nobody gave it back.
        return fail(control, &setup, Failure::ours()).await;
    }
    match manifests(control, &setup).await? {
        Ok(manifests) => match apply(control, &setup, lease, manifests).await? {
            Ok(()) => Ok(()),
            Err(failure) => fail(control, &setup, failure).await,
        },
        Err(failure) => fail(control, &setup, failure).await,
    }
}

/// What the source says of the app's setup.
struct Manifests {
    /// `None`: there is none.
    app_json: Option<AppJson>,
    /// Counts for an app that is images only.
    heroku_yml: Result<ManifestSetup, Vec<String>>,
    builds_images: bool,
}

async fn manifests(control: &Control, setup: &Setup) -> Result<Result<Manifests, Failure>, Interrupted> {
    let digest = match ops::sources::fetched(control, setup.source_id).await {
        Ok(digest) => digest,
        Err(FetchError::Input(InputError::Refused(why))) => {
            return Ok(Err(Failure::new(format!("The source cannot be fetched: {why}."))));
        }
        Err(other) => return Err(other.into()),
    };
    let mut found = match control.builder.read_source_files(&digest, &[APP_JSON, HEROKU_YML], MANIFEST_BYTES).await {
        Ok(found) => found,
        Err(InputError::Refused(why)) => return Ok(Err(Failure::new(format!("The source cannot be read: {why}.")))),
        Err(other) => return Err(FetchError::Input(other).into()),
    };
    // Heroku: neither is needed, and then there is nothing to set.
    let heroku_yml = found.remove(HEROKU_YML).unwrap_or_default();
    let app_json = found.remove(APP_JSON).map(|text| AppJson::parse(&text)).transpose();
    Ok(app_json.map_err(|errors| Failure::manifest(APP_JSON, errors)).map(|app_json| Manifests {
        app_json,
        builds_images: ManifestSetup::builds_images(&heroku_yml),
        heroku_yml: ManifestSetup::parse(&heroku_yml),
    }))
}

/// Config vars, buildpacks, stack, and the build, in one transaction.
async fn apply(
    control: &Control,
    setup: &Setup,
    lease: LeaseId,
    manifests: Manifests,
) -> Result<Result<(), Failure>, Interrupted> {
    // Whoever forgot them has begun it.
    let overrides = setup.overrides(control.db.vault())?.ok_or(DbError::LeaseLost)?;
    let Manifests { app_json, heroku_yml, builds_images } = manifests;
    let file = if app_json.is_some() { APP_JSON } else { HEROKU_YML };
    let mut manifest = app_json.unwrap_or_default();
    let stack = manifest.stack.clone().filter(|_| !overrides.has_stack);
    if is_images(control, setup, &overrides, &manifest, builds_images).await? {
        match heroku_yml {
            Ok(more) => add(&mut manifest, more),
            Err(errors) => return Ok(Err(Failure::manifest(HEROKU_YML, errors))),
        }
    }
    let mut errors = Vec::new();
    if !overrides.without_addons {
        errors.extend(manifest.addons.iter().map(|plan| {
            format!(
                "add-on {plan} cannot be had here: set what it provides with overrides.env, and overrides.addons to []"
            )
        }));
    }
    if let Some(stack) = &stack
        && let Err(error) = ops::apps::check_stack(control, stack)
    {
        errors.push(error.to_string());
    }
    let patch = manifest.config(&overrides.env, random_secret);
    let patch = match (patch, errors.is_empty()) {
        (Ok(patch), true) => patch,
        (patch, _) => {
            errors.extend(patch.err().into_iter().flatten());
            return Ok(Err(Failure::manifest(file, errors)));
        }
    };
    let urls = match &overrides.buildpacks {
        Some(urls) => Some(urls.clone()),
        None => manifest.buildpacks.as_ref().map(|list| list.iter().map(BuildpackSource::url).collect()),
    };

    let mut tx = control.db.begin().await?;
    if !is_still_theirs(&mut tx, setup).await? {
        return Ok(Err(Failure::transferred()));
    }
    let (_, patched) = ops::config::patch_within(&mut tx, control, setup.account_id, setup.app_id, &patch).await?;
    if let Some(urls) = &urls {
        buildpacks::replace(&mut tx, setup.app_id, urls, false).await?;
    }
    apps::update(&mut tx, setup.app_id, None, None, stack.as_deref()).await?;
    let app = apps::by_id(&mut *tx, setup.app_id).await?.ok_or_else(|| OpError::not_found("app"))?;
    let new = ops::builds::NewBuild {
        source: ops::sources::Given::Here(setup.source_id),
        version: setup.version.clone(),
        version_description: None,
        buildpacks: None,
        receive: None,
    };
    let build = ops::builds::insert(&mut tx, control, setup.account_id, &app, new).await?;
    let url = manifest.success_url.as_deref().map(|url| resolve(&control.settings.app_url(&app.name), url));
    setups::begin_building(&mut tx, setup.id, lease, build, &rest(manifest), url.as_deref()).await?;
    tx.commit().await.map_err(DbError::from)?;
    if let Some(patched) = patched {
        control.logs.app_event(app.id, "api", format!("{} by user {}", patched.description, setup.account_email));
        ops::releases::announce(control, &patched.release, &setup.account_email);
    }
    control.logs.app_event(app.id, "api", format!("Build started by user {}", setup.account_email));
    Ok(Ok(()))
}

/// Whether the app is going to be built by its heroku.yml: its stack says so, or nothing says that buildpacks do it.
async fn is_images(
    control: &Control,
    setup: &Setup,
    overrides: &setups::Overrides,
    manifest: &AppJson,
    builds_images: bool,
) -> Result<bool, Interrupted> {
    let app = apps::by_id(control.db.pool(), setup.app_id).await?.ok_or_else(|| OpError::not_found("app"))?;
    let stack = manifest.stack.as_ref().filter(|_| !overrides.has_stack).unwrap_or(&app.stack);
    let has_buildpacks = match &overrides.buildpacks {
        Some(urls) => !urls.is_empty(),
        None => manifest.buildpacks.as_ref().is_some_and(|list| !list.is_empty()),
    };
    let has_url = overrides.env.contains_key(BUILDPACK_URL) || manifest.env.contains_key(BUILDPACK_URL);
    let has_buildpacks = has_buildpacks || has_url;
    Ok(stack == CONTAINER_STACK || builds_images && !has_buildpacks)
}

/// A value that the app.json has stands above it.
fn add(manifest: &mut AppJson, heroku_yml: ManifestSetup) {
    for (key, value) in heroku_yml.config {
        let wanted = manifest.env.entry(key).or_insert(Wanted::Optional);
        if matches!(wanted, Wanted::Required | Wanted::Optional) {
            *wanted = Wanted::Value(value);
        }
    }
    manifest.addons.extend(heroku_yml.addons);
}

/// Whether the app is still that of the account which had it set up, as it then stays until the transaction ends. Nobody
/// else's app is changed, nor is a command run in it.
async fn is_still_theirs(tx: &mut Connection, setup: &Setup) -> Result<bool, Interrupted> {
    apps::lock(&mut *tx, setup.app_id).await?;
    let app = apps::by_id(&mut *tx, setup.app_id).await?.ok_or_else(|| OpError::not_found("app"))?;
    Ok(app.owner_id == setup.account_id)
}

/// 64 hexadecimal digits (Heroku: `"generator": "secret"`).
fn random_secret() -> String {
    let bits: [u8; 32] = rand::random();
    bits.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn rest(manifest: AppJson) -> Rest {
    let text = |size: Option<DynoSize>| size.map(|size| size.to_string());
    let wishes = manifest.formation.into_iter();
    Rest {
        formation: wishes.map(|(kind, (quantity, size))| (kind, Wish { quantity, size: text(size) })).collect(),
        postdeploy: manifest.postdeploy.map(|(command, size)| Script { command, size: text(size) }),
    }
}

/// A path is the app's.
fn resolve(app_url: &str, success_url: &str) -> String {
    match success_url.contains("://") {
        true => success_url.to_owned(),
        false => format!("{}/{}", app_url.trim_end_matches('/'), success_url.trim_start_matches('/')),
    }
}

/// Once the build's release runs: the formation, then the script.
async fn after_build(control: &Control, setup: &Setup) -> Result<(), Interrupted> {
    let build = match setup.build_id {
        Some(build) => builds::find(control.db.pool(), build).await?,
        None => None,
    };
    let build = build.ok_or_else(|| OpError::not_found("build"))?;
    let release = match (build.state, build.release_id) {
        (BuildState::Pending | BuildState::Building, _) => return Ok(()),
        (BuildState::Succeeded, Some(release)) => releases::by_id(control.db.pool(), release).await?,
        (BuildState::Succeeded, None) | (BuildState::Failed, _) => None,
    };
    match release.map(|release| (release.id, release.state)) {
        None => fail(control, setup, Failure::new("The build failed: see its output.")).await,
        Some((_, ReleaseState::Failed)) => {
            fail(control, setup, Failure::new("The release command failed: see the release's output.")).await
        }
        Some((_, ReleaseState::Pending | ReleaseState::RunningPhase)) => Ok(()),
        Some((release, ReleaseState::Succeeded)) => match scale_and_run(control, setup, release).await? {
            Ok(()) => Ok(()),
            Err(failure) => fail(control, setup, failure).await,
        },
    }
}

async fn scale_and_run(
    control: &Control,
    setup: &Setup,
    release: ReleaseId,
) -> Result<Result<(), Failure>, Interrupted> {
    let mut tx = control.db.begin().await?;
    if !is_still_theirs(&mut tx, setup).await? {
        return Ok(Err(Failure::transferred()));
    }
    let changes = setup.rest.formation.iter().map(|(kind, wish)| Scale {
        kind: kind.clone(),
        quantity: wish.quantity.map(Quantity::Exactly),
        size: size_of(wish.size.as_deref()),
    });
    match ops::formation::scale_within(&mut tx, setup.app_id, &changes.collect::<Vec<_>>()).await {
        Ok(_) => {}
        Err(OpError::Invalid(why) | OpError::NotFound { message: why, .. }) => {
            return Ok(Err(Failure::manifest(APP_JSON, vec![format!("formation: {why}")])));
        }
        Err(error) => return Err(error.into()),
    }
    let moved = match &setup.rest.postdeploy {
        Some(script) => {
            let dyno = postdeploy(control, setup, release, script);
            let moved = setups::begin_postdeploy(&mut tx, setup.id, dyno.id).await?;
            dynos::create(&mut *tx, control.db.vault(), &dyno).await?;
            moved
        }
        None => setups::succeed(&mut tx, setup.id, SetupState::Building).await?,
    };
    // Otherwise somebody else has done all this.
    if moved {
        tx.commit().await.map_err(DbError::from)?;
    }
    Ok(Ok(()))
}

fn postdeploy(control: &Control, setup: &Setup, release: ReleaseId, script: &Script) -> dynos::NewDyno {
    let lifetime = i64::try_from(control.settings.one_off_lifetime.as_secs()).unwrap_or(i64::MAX);
    dynos::NewDyno {
        id: new_id::<DynoId>(),
        app_id: setup.app_id,
        release_id: release,
        kind: DynoKind::OneOff,
        name: DynoName { kind: ProcessType::run(), number: rand::random_range(1_000..=9_999) },
        size: size_of(script.size.as_deref()).unwrap_or_default(),
        command: script.command.clone(),
        host_id: None,
        account_id: Some(setup.account_id),
        env: BTreeMap::new(),
        attach: None,
        tty: false,
        expires_at: Some(Utc::now() + TimeDelta::seconds(lifetime)),
        crashes: 0,
    }
}

fn size_of(text: Option<&str>) -> Option<DynoSize> {
    text?.parse().ok()
}

/// Once the script has ended.
async fn after_postdeploy(control: &Control, setup: &Setup) -> Result<(), Interrupted> {
    let dyno = match setup.dyno_id {
        Some(dyno) => dynos::find(control.db.pool(), dyno).await?,
        None => None,
    };
    let (exit_code, output) = match dyno {
        Some(dyno) if dyno.state != DynoState::Gone => return Ok(()),
        Some(dyno) => {
            let filter = Filter { source: Some(LogSource::App), process: Some(dyno.name().to_string()) };
            let lines = control.logs.read(setup.app_id, &filter, OUTPUT_LINES).await.map_err(OpError::from)?;
            let output = lines.iter().map(|stored| format!("{}\n", stored.line.message)).collect();
            (dyno.exit_code, output)
        }
        None => (None, String::new()),
    };
    let mut tx = control.db.begin().await?;
    setups::set_postdeploy(&mut tx, setup.id, &output, exit_code).await?;
    let moved = match exit_code {
        Some(0) => setups::succeed(&mut tx, setup.id, SetupState::Postdeploy).await?,
        code => {
            let how = code.map_or("did not run to its end".to_owned(), |code| format!("exited with status {code}"));
            let message = format!("The postdeploy script {how}.");
            setups::fail(&mut tx, setup.id, SetupState::Postdeploy, &message, &[]).await?
        }
    };
    if moved {
        tx.commit().await.map_err(DbError::from)?;
    }
    Ok(())
}

async fn fail(control: &Control, setup: &Setup, failure: Failure) -> Result<(), Interrupted> {
    let mut tx = control.db.begin().await?;
    let failed = setups::fail(&mut tx, setup.id, setup.state, &failure.message, &failure.manifest_errors).await?;
    tx.commit().await.map_err(DbError::from)?;
    if failed {
        control.logs.app_event(setup.app_id, "api", format!("Setup failed: {}", failure.message));
    }
    Ok(())
}

/// After a failure that is not the user's: it is tried again, a few times.
async fn give_back(
    control: &Control,
    id: SetupId,
    lease: LeaseId,
    error: &Interrupted,
    stop: &CancellationToken,
) -> Result<(), Interrupted> {
    let Some(setup) = setups::find(control.db.pool(), id).await? else { return Ok(()) };
    let reason = error.to_string();
    if stop.is_cancelled() {
        return Ok(setups::release(control.db.pool(), id, lease, &reason, GiveBack::Stopping).await?);
    }
    if setup.attempt < MAX_ATTEMPTS {
        let wait = Duration::from_secs(2_u64.saturating_pow(u32::try_from(setup.attempt).unwrap_or(0)));
        return Ok(setups::release(control.db.pool(), id, lease, &reason, GiveBack::Failed { wait }).await?);
    }
    // Should it be another's by now, that one goes on with it.
    setups::extend(control.db.pool(), id, lease, control.settings.lease).await?;
    fail(control, &setup, Failure::ours()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_url_is_a_page_of_the_apps_or_of_anybodys() {
        let app = "http://example.localhost:8080/";
        assert_eq!(resolve(app, "/welcome"), "http://example.localhost:8080/welcome");
        assert_eq!(resolve(app, "welcome"), "http://example.localhost:8080/welcome");
        assert_eq!(resolve(app, "https://example.test/"), "https://example.test/");
    }

    #[test]
    fn a_generated_secret_is_sixty_four_digits() {
        assert_eq!(random_secret().len(), 64);
        assert_ne!(random_secret(), random_secret());
    }
}
