use std::time::Duration;

use futures::Stream;
use paas_db::{
    Connection, DbError, Topic, accounts::Account, apps, apps::App, configs, dynos, new_id, releases,
    releases::Release, slugs,
};
use paas_logs::{Filter, StoredLine};
use paas_model::{
    AccountId, AppId, BuildId, ConfigId, ConfigVars, LogSource, Permission, ProcessType, ReleaseId, ReleaseState,
    ReleaseVersion, SlugId, describe,
};

use super::{access, slugs::Found};
use crate::{Control, OpError};

/// A follower looks this often even when no wake-up comes.
const POLL: Duration = Duration::from_secs(2);
const KEPT_LINES: usize = 1_500;

/// What a new release is made of.
#[derive(Debug)]
pub(crate) struct NewReleaseOf {
    pub slug_id: Option<SlugId>,
    pub config_id: ConfigId,
    pub build_id: Option<BuildId>,
    pub description: String,
}

/// A release just made.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub id: ReleaseId,
    pub app_id: AppId,
    pub version: ReleaseVersion,
    /// False: its release command runs first.
    pub succeeded: bool,
}

/// By version, oldest first.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, app: &App) -> Result<Vec<Release>, OpError> {
    Ok(releases::list(control.db.pool(), app.id).await?)
}

/// By id, `v12` or `12`.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, app: &App, id_or_version: &str) -> Result<Release, OpError> {
    let release = match (id_or_version.parse::<ReleaseId>(), id_or_version.parse::<ReleaseVersion>()) {
        (Ok(id), _) => releases::by_id(control.db.pool(), id).await?,
        (_, Ok(version)) => releases::by_version(control.db.pool(), app.id, version).await?,
        _ => None,
    };
    release.filter(|release| release.app_id == app.id).ok_or_else(|| OpError::not_found("release"))
}

/// The config vars that the release runs with.
///
/// # Errors
/// [`OpError::NotFound`] when the release is gone.
pub async fn config(control: &Control, app: &App, release: &Release) -> Result<ConfigVars, OpError> {
    let found = configs::find(control.db.pool(), control.db.vault(), app.id, release.config_id).await?;
    found.ok_or_else(|| OpError::not_found("release"))
}

/// Makes a new release with the code and the config vars of an old one.
///
/// # Errors
/// [`OpError::Invalid`] for a release that failed or never had code.
pub async fn rollback(control: &Control, account: &Account, app: &App, to: &Release) -> Result<Release, OpError> {
    if to.state != ReleaseState::Succeeded {
        return Err(OpError::Invalid(format!(
            "Cannot roll back to {}: it is not a release that succeeded.",
            to.version
        )));
    }
    if to.slug_id.is_none() {
        return Err(OpError::Invalid(format!("Cannot roll back to {}: nothing was deployed then.", to.version)));
    }
    let description = describe::rollback(to.version);
    let mut tx = control.db.begin().await?;
    if !apps::lock(&mut tx, app.id).await? {
        return Err(OpError::not_found("app"));
    }
    if slug_of(&mut tx, app, to.slug_id).await?.is_some_and(|slug| slug.collected_at.is_some()) {
        return Err(OpError::Invalid(format!(
            "Cannot roll back to {}: its slug is not kept any more. {}. Push that commit again instead.",
            to.version,
            super::slugs::what_is_kept(control)
        )));
    }
    apps::set_config(&mut tx, app.id, to.config_id).await?;
    let new =
        NewReleaseOf { slug_id: to.slug_id, config_id: to.config_id, build_id: None, description: description.clone() };
    let made = insert(&mut tx, app.id, account.id, new).await?;
    tx.commit().await.map_err(DbError::from)?;
    control.logs.app_event(app.id, "api", format!("{description} by user {}", account.email));
    announce(control, &made, &account.email);
    releases::by_id(control.db.pool(), made.id).await?.ok_or_else(|| OpError::not_found("release"))
}

/// Makes a release of a slug that exists already.
///
/// # Errors
/// [`OpError::NotFound`] when the app has no such slug; [`OpError::Invalid`] when its archive was not uploaded yet;
/// [`OpError::Forbidden`] without [`Permission::Deploy`].
pub async fn of_slug(
    control: &Control,
    account: &Account,
    app: &App,
    slug: SlugId,
    description: Option<String>,
) -> Result<Release, OpError> {
    access::require(control, account, app, &[Permission::Deploy]).await?;
    let slug = match super::slugs::find(control, app, slug).await? {
        Found::Slug(slug) => slug,
        Found::Upload(upload) => {
            return Err(OpError::Invalid(format!(
                "Slug {} has no archive yet: PUT one to the blob.url that it was made with, then release it.",
                upload.id
            )));
        }
    };
    let description = description.unwrap_or_else(|| describe::deploy(slug.commit.as_deref()));
    let mut tx = control.db.begin().await?;
    if !apps::lock(&mut tx, app.id).await? {
        return Err(OpError::not_found("app"));
    }
    // It may have been collected since.
    if slug_of(&mut tx, app, Some(slug.id)).await?.is_none_or(|slug| slug.collected_at.is_some()) {
        return Err(OpError::not_found("slug"));
    }
    let app_now = apps::by_id(&mut *tx, app.id).await?.ok_or_else(|| OpError::not_found("app"))?;
    let new = NewReleaseOf {
        slug_id: Some(slug.id),
        config_id: app_now.config_id,
        build_id: None,
        description: description.clone(),
    };
    let made = insert(&mut tx, app.id, account.id, new).await?;
    tx.commit().await.map_err(DbError::from)?;
    control.logs.app_event(app.id, "api", format!("{description} by user {}", account.email));
    announce(control, &made, &account.email);
    releases::by_id(control.db.pool(), made.id).await?.ok_or_else(|| OpError::not_found("release"))
}

async fn slug_of(db: &mut Connection, app: &App, slug: Option<SlugId>) -> Result<Option<slugs::Slug>, DbError> {
    match slug {
        Some(slug) => slugs::find(db, app.id, slug).await,
        None => Ok(None),
    }
}

/// What the release's `release:` command prints, line by line, until the release has succeeded or failed. Ends at once
/// for a release without one. Who may read it is the caller's to see to, as with builds.
pub fn follow_phase(control: &Control, id: ReleaseId) -> impl Stream<Item = Result<String, OpError>> + Send + use<> {
    let wake = control.changes.subscribe(&[Topic::LogLines, Topic::Releases, Topic::Dynos]);
    let start = (control.clone(), wake, 0);
    futures::stream::try_unfold(start, move |(control, mut wake, after)| async move {
        loop {
            // The state first: its dyno's output was stored before it became final.
            let Some(release) = releases::by_id(control.db.pool(), id).await? else {
                return Ok(None);
            };
            let lines = phase_lines(&control, &release, after).await?;
            if let Some(last) = lines.last() {
                let after = last.seq;
                let text = lines.iter().map(|stored| format!("{}\n", stored.line.message)).collect::<String>();
                return Ok(Some((text, (control, wake, after))));
            }
            if release.state.is_final() {
                return Ok(None);
            }
            wake.changed_or_after(POLL).await;
        }
    })
}

async fn phase_lines(control: &Control, release: &Release, after: i64) -> Result<Vec<StoredLine>, OpError> {
    let Some(dyno) = dynos::of_release_phase(control.db.pool(), release.id).await? else {
        return Ok(Vec::new());
    };
    let filter = Filter { source: Some(LogSource::App), process: Some(dyno.name().to_string()) };
    let mut lines = control.logs.read(release.app_id, &filter, KEPT_LINES).await?;
    lines.retain(|stored| stored.seq > after);
    Ok(lines)
}

/// Waits until the release has succeeded or failed.
///
/// # Errors
/// [`OpError::NotFound`] when its app was deleted meanwhile.
pub async fn wait(control: &Control, id: ReleaseId) -> Result<Release, OpError> {
    let mut wake = control.changes.subscribe(&[Topic::Releases]);
    loop {
        let release = releases::by_id(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("release"))?;
        if release.state.is_final() {
            return Ok(release);
        }
        wake.changed_or_after(POLL).await;
    }
}

/// Writes the release. One whose slug has a `release` command starts as pending; any other succeeds on the spot, and
/// the formation follows it. The caller holds the app's lock.
pub(crate) async fn insert(
    db: &mut Connection,
    app: AppId,
    account: AccountId,
    new: NewReleaseOf,
) -> Result<Made, DbError> {
    let slug = match new.slug_id {
        Some(slug) => slugs::find(&mut *db, app, slug).await?,
        None => None,
    };
    debug_assert!(slug.as_ref().is_none_or(|slug| slug.collected_at.is_none()), "a release of what is not kept");
    let has_phase = slug.is_some_and(|slug| slug.process_types.contains_key(&ProcessType::release()));
    let state = if has_phase { ReleaseState::Pending } else { ReleaseState::Succeeded };
    let release = releases::NewRelease {
        id: new_id::<ReleaseId>(),
        app_id: app,
        state,
        description: new.description,
        account_id: account,
        slug_id: new.slug_id,
        config_id: new.config_id,
        build_id: new.build_id,
    };
    let version = releases::create(&mut *db, &release).await?;
    if !has_phase {
        super::apps::follow_release(db, app, release.slug_id).await?;
    }
    Ok(Made { id: release.id, app_id: app, version, succeeded: !has_phase })
}

/// The line in the app's log.
pub(crate) fn announce(control: &Control, made: &Made, email: &str) {
    let line = match made.succeeded {
        true => format!("Release {} created by user {email}", made.version),
        false => format!("Running release {} commands by user {email}", made.version),
    };
    control.logs.app_event(made.app_id, "api", line);
}
