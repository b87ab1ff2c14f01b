use chrono::Utc;
use paas_db::{
    DbError,
    accounts::Account,
    apps,
    apps::App,
    new_id, sni_endpoints,
    sni_endpoints::{SealedKey, SniEndpoint},
};
use paas_model::{AppName, SniEndpointId};
use secrecy::SecretString;
use tokio::task::spawn_blocking;

use crate::{Control, OpError, certificate::Certificate};

/// Routers hold all of them.
const MAX_ENDPOINTS: i64 = 100;

/// By name.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, app: &App) -> Result<Vec<SniEndpoint>, OpError> {
    Ok(sni_endpoints::list(control.db.pool(), app.id).await?)
}

/// `identity`: an id or a name.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, app: &App, identity: &str) -> Result<SniEndpoint, OpError> {
    let id = identity.parse::<SniEndpointId>().ok();
    let found = sni_endpoints::find(control.db.pool(), app.id, id, identity).await?;
    found.ok_or_else(|| OpError::not_found("sni_endpoint"))
}

/// Stores a certificate; it serves the domains that are attached to it.
///
/// # Errors
/// [`OpError::Invalid`] for a chain or key that cannot be served.
pub async fn create(
    control: &Control,
    account: &Account,
    app: &App,
    chain: &str,
    key: &SecretString,
) -> Result<SniEndpoint, OpError> {
    check(chain, key).await?;
    let id = new_id::<SniEndpointId>();
    let sealed = SealedKey::seal(control.db.vault(), id, key)?;
    loop {
        match insert(control, app, id, chain, &sealed).await {
            Err(OpError::Conflict(_)) => {}
            Err(other) => return Err(other),
            Ok(()) => break,
        }
    }
    control.logs.app_event(app.id, "api", format!("Add SSL certificate by user {}", account.email));
    find(control, app, &id.to_string()).await
}

/// On another thread: signatures are verified.
async fn check(chain: &str, key: &SecretString) -> Result<(), OpError> {
    let (chain, key) = (chain.to_owned(), key.clone());
    let checked = spawn_blocking(move || Certificate::check(&chain, &key, Utc::now())).await;
    checked.map_err(|error| OpError::Internal(error.into()))?.map(drop).map_err(OpError::invalid)
}

/// # Errors
/// [`OpError::Conflict`] when the name that was invented is taken.
async fn insert(control: &Control, app: &App, id: SniEndpointId, chain: &str, key: &SealedKey) -> Result<(), OpError> {
    let name = AppName::invent(rand::random());
    let mut tx = control.db.begin().await?;
    if !apps::lock(&mut tx, app.id).await? {
        return Err(OpError::not_found("app"));
    }
    if sni_endpoints::count(&mut *tx, app.id).await? >= MAX_ENDPOINTS {
        return Err(OpError::Invalid(format!("An app has at most {MAX_ENDPOINTS} certificates. Remove one first.")));
    }
    sni_endpoints::create(&mut *tx, id, app.id, name.as_str(), chain, key).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(())
}

/// Puts another certificate in its place, for the same domains.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`] for a chain or key that cannot be served.
pub async fn update(
    control: &Control,
    account: &Account,
    app: &App,
    identity: &str,
    chain: &str,
    key: &SecretString,
) -> Result<SniEndpoint, OpError> {
    let endpoint = find(control, app, identity).await?;
    check(chain, key).await?;
    let sealed = SealedKey::seal(control.db.vault(), endpoint.id, key)?;
    sni_endpoints::replace(control.db.pool(), endpoint.id, chain, &sealed).await?;
    control.logs.app_event(app.id, "api", format!("Update SSL certificate by user {}", account.email));
    find(control, app, &endpoint.id.to_string()).await
}

/// Its domains go on with the platform's own certificate. Answers with the endpoint as it was.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn delete(control: &Control, account: &Account, app: &App, identity: &str) -> Result<SniEndpoint, OpError> {
    let endpoint = find(control, app, identity).await?;
    sni_endpoints::delete(control.db.pool(), endpoint.id).await?;
    control.logs.app_event(app.id, "api", format!("Remove SSL certificate by user {}", account.email));
    Ok(endpoint)
}
