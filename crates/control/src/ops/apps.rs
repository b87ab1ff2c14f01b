use std::collections::BTreeSet;

use paas_db::{
    Connection, DbError, accounts, accounts::Account, apps, apps::App, configs, formations, new_id, registry_garbage,
    releases, slugs,
};
use paas_model::{AppId, AppName, ConfigId, ConfigVars, Permission, ReleaseId, ReleaseState, SlugId, describe};

use super::access;
use crate::{Control, OpError};

/// What a new app may be given; the rest has defaults.
#[derive(Debug, Clone, Default)]
pub struct NewApp {
    /// `None`: one is invented.
    pub name: Option<String>,
    /// `None`: the default stack.
    pub stack: Option<String>,
}

/// A change of an app; `None` keeps what is.
#[derive(Debug, Clone, Default)]
pub struct AppChange {
    pub name: Option<String>,
    pub maintenance: Option<bool>,
    pub stack: Option<String>,
}

/// Makes an app with its first two releases (Heroku: `Initial release`, `Enable Logplex`).
///
/// # Errors
/// [`OpError::Invalid`] for a name that is malformed or taken, or a stack that does not exist.
pub async fn create(control: &Control, account: &Account, new: NewApp) -> Result<App, OpError> {
    let stack = new.stack.unwrap_or_else(|| control.settings.default_stack().to_owned());
    check_stack(control, &stack)?;
    let Some(name) = new.name else {
        return create_invented(control, account, &stack).await;
    };
    let name = AppName::parse(&name).map_err(OpError::invalid)?;
    match insert_alone(control, account, &name, &stack).await {
        Ok(id) => by_id(control, id).await,
        Err(DbError::AppNameTaken) => Err(OpError::Invalid(format!("Name {name} is already taken"))),
        Err(other) => Err(other.into()),
    }
}

async fn create_invented(control: &Control, account: &Account, stack: &str) -> Result<App, OpError> {
    loop {
        match insert_alone(control, account, &AppName::invent(rand::random()), stack).await {
            Err(DbError::AppNameTaken) => {}
            Err(other) => return Err(other.into()),
            Ok(id) => return by_id(control, id).await,
        }
    }
}

async fn insert_alone(control: &Control, account: &Account, name: &AppName, stack: &str) -> Result<AppId, DbError> {
    let mut tx = control.db.begin().await?;
    let app = insert(&mut tx, control, account, name, stack).await?;
    tx.commit().await?;
    announce(control, account, app);
    Ok(app)
}

/// The rows alone, in the caller's transaction, which tells the log when it is committed.
///
/// # Errors
/// [`DbError::AppNameTaken`].
pub(crate) async fn insert(
    db: &mut Connection,
    control: &Control,
    account: &Account,
    name: &AppName,
    stack: &str,
) -> Result<AppId, DbError> {
    let (app, config) = (new_id::<AppId>(), new_id::<ConfigId>());
    accounts::hold(&mut *db, account.id).await?;
    apps::create(&mut *db, app, name, account.id, stack, config).await?;
    configs::create(&mut *db, control.db.vault(), config, app, &ConfigVars::default()).await?;
    for description in [describe::INITIAL, describe::ENABLE_LOGPLEX] {
        let release = releases::NewRelease {
            id: new_id::<ReleaseId>(),
            app_id: app,
            state: ReleaseState::Succeeded,
            description: description.to_owned(),
            account_id: account.id,
            slug_id: None,
            config_id: config,
            build_id: None,
        };
        releases::create(&mut *db, &release).await?;
    }
    Ok(app)
}

/// The lines in a new app's log.
pub(crate) fn announce(control: &Control, account: &Account, app: AppId) {
    for (version, description) in [(1, describe::INITIAL), (2, describe::ENABLE_LOGPLEX)] {
        control.logs.app_event(app, "api", format!("{description} by user {}", account.email));
        control.logs.app_event(app, "api", format!("Release v{version} created by user {}", account.email));
    }
}

async fn by_id(control: &Control, id: AppId) -> Result<App, OpError> {
    apps::by_id(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("app"))
}

/// The app with this id or name, whoever asks: for the record of a request that was refused.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn look_up(control: &Control, id_or_name: &str) -> Result<App, OpError> {
    let app = match (id_or_name.parse::<AppId>(), AppName::parse(id_or_name)) {
        (Ok(id), _) => apps::by_id(control.db.pool(), id).await?,
        (_, Ok(name)) => apps::by_name(control.db.pool(), &name).await?,
        _ => None,
    };
    app.ok_or_else(|| OpError::not_found("app"))
}

/// The app with this id or name, if the account has one of these permissions to it.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Forbidden`].
pub async fn find(control: &Control, account: &Account, id_or_name: &str, any: &[Permission]) -> Result<App, OpError> {
    let app = look_up(control, id_or_name).await?;
    access::require(control, account, &app, any).await?;
    Ok(app)
}

/// Apps that the account owns or is a collaborator of, by name.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, account: &Account) -> Result<Vec<App>, OpError> {
    Ok(apps::list(control.db.pool(), Some(account.id)).await?)
}

/// Apps that the account may see, by name: for the installation's owner, all.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list_visible(control: &Control, account: &Account) -> Result<Vec<App>, OpError> {
    Ok(apps::list(control.db.pool(), (!account.is_owner).then_some(account.id)).await?)
}

/// Those of the apps with these ids and names that the account may see, and of each whether it is the account's own or
/// shared with it.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn among(
    control: &Control,
    account: &Account,
    ids: &[String],
    names: &[String],
) -> Result<Vec<(App, bool)>, OpError> {
    let joined: BTreeSet<AppId> = list(control, account).await?.into_iter().map(|app| app.id).collect();
    let (ids, names): (BTreeSet<&str>, BTreeSet<&str>) =
        (ids.iter().map(String::as_str).collect(), names.iter().map(String::as_str).collect());
    let mut all = list_visible(control, account).await?;
    all.retain(|app| ids.contains(app.id.to_string().as_str()) || names.contains(app.name.as_str()));
    let with_joined = |app: App| {
        let is_joined = joined.contains(&app.id);
        (app, is_joined)
    };
    Ok(all.into_iter().map(with_joined).collect())
}

/// # Errors
/// [`OpError::Invalid`] for a name that is malformed or taken, or a stack that does not exist; [`OpError::Forbidden`] when
/// one of the changes needs a permission that the account does not have.
pub async fn update(control: &Control, account: &Account, app: &App, change: AppChange) -> Result<App, OpError> {
    for (changes, any) in [
        (change.name.is_some(), [Permission::Manage].as_slice()),
        (change.maintenance.is_some(), &[Permission::Deploy, Permission::Operate]),
        (change.stack.is_some(), &[Permission::Operate]),
    ] {
        if changes {
            access::require(control, account, app, any).await?;
        }
    }
    if let Some(stack) = &change.stack {
        check_stack(control, stack)?;
    }
    let name = change.name.as_deref().map(AppName::parse).transpose().map_err(OpError::invalid)?;
    let mut tx = control.db.begin().await?;
    apps::update(&mut tx, app.id, name.as_ref(), change.maintenance, change.stack.as_deref()).await.map_err(
        |error| match (&name, error) {
            (Some(name), DbError::AppNameTaken) => OpError::Invalid(format!("Name {name} is already taken")),
            (_, other) => other.into(),
        },
    )?;
    tx.commit().await.map_err(DbError::from)?;
    if let Some(maintenance) = change.maintenance.filter(|wanted| *wanted != app.maintenance) {
        let done = if maintenance { "enabled" } else { "disabled" };
        control.logs.app_event(app.id, "api", format!("Maintenance mode {done} by user {}", account.email));
    }
    by_id(control, app.id).await
}

/// Deletes the app with every row that hangs on it. Its containers are stopped by the hosts' loops, its images and what else
/// of it is in the registry are collected later; its git repository stays where it is.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn delete(control: &Control, app: &App) -> Result<(), OpError> {
    let mut tx = control.db.begin().await?;
    apps::lock(&mut tx, app.id).await?;
    registry_garbage::add_slugs(&mut tx, app.id, None).await?;
    apps::delete(&mut tx, app.id).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(())
}

/// Remembers the size of the app's git repository, for `apps:info`.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn set_repo_size(control: &Control, app: AppId, bytes: u64) -> Result<(), OpError> {
    Ok(apps::set_repo_size(control.db.pool(), app, i64::try_from(bytes).unwrap_or(i64::MAX)).await?)
}

/// Makes the formation that of the slug which now runs: called in the transaction in which its release succeeds.
pub(crate) async fn follow_release(db: &mut Connection, app: AppId, slug: Option<SlugId>) -> Result<(), DbError> {
    if let Some(slug) = slug
        && let Some(slug) = slugs::find(&mut *db, app, slug).await?
    {
        formations::follow(&mut *db, app, &slug.process_types).await?;
    }
    apps::set_released(db, app).await
}

pub(crate) fn check_stack(control: &Control, name: &str) -> Result<(), OpError> {
    let names = control.settings.stack_names();
    if names.contains(&name) {
        return Ok(());
    }
    let names = names.join(", ");
    Err(OpError::Invalid(format!("There is no stack {name}. Stacks: {names}.")))
}
