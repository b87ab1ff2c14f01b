use paas_db::{DbError, accounts::Account, apps, apps::App, configs, new_id, releases, releases::Release};
use paas_model::{ConfigId, ConfigPatch, ConfigVars};

use crate::{Control, OpError, ops::releases::NewReleaseOf};

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
    if !apps::lock(&mut tx, app.id).await? {
        return Err(OpError::not_found("app"));
    }
    // Read again under the lock: `app` may be older than another patch.
    let app = apps::by_id(&mut *tx, app.id).await?.ok_or_else(|| OpError::not_found("app"))?;
    let before = configs::find(&mut *tx, control.db.vault(), app.id, app.config_id).await?.unwrap_or_default();
    let (after, changed) = before.patched(patch).map_err(OpError::invalid)?;
    if changed.is_empty() {
        return Ok((after, None));
    }
    let config = new_id::<ConfigId>();
    configs::create(&mut *tx, control.db.vault(), config, app.id, &after).await?;
    apps::set_config(&mut tx, app.id, config).await?;
    let slug_id = releases::current(&mut *tx, app.id).await?.and_then(|release| release.slug_id);
    let description = changed.describe();
    let new = NewReleaseOf { slug_id, config_id: config, build_id: None, description: description.clone() };
    let release = super::releases::insert(&mut tx, app.id, account.id, new).await?;
    tx.commit().await.map_err(DbError::from)?;
    control.logs.app_event(app.id, "api", format!("{description} by user {}", account.email));
    super::releases::announce(control, &release, &account.email);
    let release = releases::by_id(control.db.pool(), release.id).await?;
    Ok((after, release))
}
