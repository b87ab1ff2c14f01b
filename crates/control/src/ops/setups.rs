//! Apps that are made from the app.json of their source (Heroku: app-setups). `reconcile::setups` moves them on.

use paas_db::{DbError, accounts::Account, new_id, setups, setups::Setup};
use paas_model::{AppName, BuildpackSource, ConfigPatch, ConfigVars, SetupId};

use super::{
    access,
    apps::{self, NewApp},
    sources::{self, Given},
};
use crate::{Control, OpError};

pub use paas_db::setups::Overrides;

/// What a setup is asked for with.
#[derive(Debug, Clone)]
pub struct NewSetup {
    pub app: NewApp,
    pub source: Given,
    /// What the client calls this version of its source.
    pub version: Option<String>,
    pub overrides: Overrides,
}

/// Makes the app, and notes what is to become of it.
///
/// # Errors
/// [`OpError::Invalid`] for a name that is malformed or taken, a stack that does not exist, overrides that cannot be, or a
/// source that is another account's or empty.
pub async fn create(control: &Control, account: &Account, new: NewSetup) -> Result<Setup, OpError> {
    check(&new.overrides)?;
    let overrides = Overrides { has_stack: new.app.stack.is_some(), ..new.overrides };
    let stack = new.app.stack.unwrap_or_else(|| control.settings.default_stack().to_owned());
    apps::check_stack(control, &stack)?;
    let name = new.app.name.as_deref().map(AppName::parse).transpose().map_err(OpError::invalid)?;
    loop {
        let invented = name.clone().unwrap_or_else(|| AppName::invent(rand::random()));
        let mut tx = control.db.begin().await?;
        let app = match apps::insert(&mut tx, control, account, &invented, &stack).await {
            Ok(app) => app,
            Err(DbError::AppNameTaken) if name.is_none() => continue,
            Err(DbError::AppNameTaken) => return Err(OpError::Invalid(format!("Name {invented} is already taken"))),
            Err(other) => return Err(other.into()),
        };
        let setup = setups::NewSetup {
            id: new_id::<SetupId>(),
            account_id: account.id,
            app_id: app,
            source_id: sources::settle(&mut tx, control, account.id, new.source).await?,
            version: new.version,
            overrides,
        };
        setups::create(&mut *tx, control.db.vault(), &setup).await?;
        tx.commit().await.map_err(DbError::from)?;
        apps::announce(control, account, app);
        return find(control, account, setup.id).await;
    }
}

/// # Errors
/// [`OpError::NotFound`], also for another account's, and for one whose app the account may not see any more.
pub async fn find(control: &Control, account: &Account, id: SetupId) -> Result<Setup, OpError> {
    let not_found = || OpError::not_found("app_setup");
    let setup = setups::find(control.db.pool(), id).await?;
    let setup = setup.filter(|setup| setup.account_id == account.id || account.is_owner).ok_or_else(not_found)?;
    let app = paas_db::apps::by_id(control.db.pool(), setup.app_id).await?.ok_or_else(not_found)?;
    access::permissions(control, account, &app).await?.map(|_| setup).ok_or_else(not_found)
}

fn check(overrides: &Overrides) -> Result<(), OpError> {
    let patch = overrides.env.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
    ConfigVars::default().patched(&ConfigPatch(patch)).map_err(OpError::invalid)?;
    for url in overrides.buildpacks.iter().flatten() {
        BuildpackSource::parse(url).map_err(OpError::invalid)?;
    }
    Ok(())
}
