use paas_db::{Connection, DbError, accounts::Account, apps, apps::App, configs, new_id, releases, releases::Release};
use paas_model::{AccountId, AppId, ConfigId, ConfigPatch, ConfigVars};

use crate::{
    Control, OpError,
    ops::releases::{Made, NewReleaseOf},
};

/// The config vars that the next release will have.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn get(control: &Control, app: &App) -> Result<ConfigVars, OpError> {
    let found = configs::find(control.db.pool(), control.db.vault(), app.id, app.config_id).await?;
    found.ok_or_else(|| OpError::not_found("app"))
}

/// Applies the patch: a new release, or none when nothing changes. Two patches at once are applied one after the other.
///
/// # Errors
/// [`OpError::Invalid`] for a key or value that cannot be; nothing is changed then.
pub async fn patch(
    control: &Control,
    account: &Account,
    app: &App,
    patch: &ConfigPatch,
) -> Result<(ConfigVars, Option<Release>), OpError> {
    let mut tx = control.db.begin().await?;
    let (after, done) = patch_within(&mut tx, control, account.id, app.id, patch).await?;
    let Some(Patched { release, description }) = done else { return Ok((after, None)) };
    tx.commit().await.map_err(DbError::from)?;
    control.logs.app_event(app.id, "api", format!("{description} by user {}", account.email));
    super::releases::announce(control, &release, &account.email);
    let release = releases::by_id(control.db.pool(), release.id).await?;
    Ok((after, release))
}

/// A release that changed config vars.
#[derive(Debug)]
pub(crate) struct Patched {
    pub release: Made,
    pub description: String,
}

/// The same in the caller's transaction, which tells the log when it is committed. `None`: nothing changes.
///
/// # Errors
/// As [`patch`].
pub(crate) async fn patch_within(
    db: &mut Connection,
    control: &Control,
    account: AccountId,
    app: AppId,
    patch: &ConfigPatch,
) -> Result<(ConfigVars, Option<Patched>), OpError> {
    if !apps::lock(&mut *db, app).await? {
        return Err(OpError::not_found("app"));
    }
    // Read under the lock: what the caller knows may be older than another patch.
    let app = apps::by_id(&mut *db, app).await?.ok_or_else(|| OpError::not_found("app"))?;
    let before = configs::find(&mut *db, control.db.vault(), app.id, app.config_id).await?.unwrap_or_default();
    let (after, changed) = before.patched(patch).map_err(OpError::invalid)?;
    if changed.is_empty() {
        return Ok((after, None));
    }
    let config = new_id::<ConfigId>();
    configs::create(&mut *db, control.db.vault(), config, app.id, &after).await?;
    apps::set_config(&mut *db, app.id, config).await?;
    let slug_id = releases::current(&mut *db, app.id).await?.and_then(|release| release.slug_id);
    let description = changed.describe();
    let new = NewReleaseOf { slug_id, config_id: config, build_id: None, description: description.clone() };
    let release = super::releases::insert(db, app.id, account, new).await?;
    Ok((after, Some(Patched { release, description })))
}
