//! Web apps that people let into their accounts.

use paas_db::{DbError, SecretHash, accounts::Account, new_id, new_secret, oauth_clients, oauth_clients::Client};
use paas_model::ClientId;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{Control, OpError};

/// # Errors
/// [`OpError::Invalid`] for a name or address that cannot be.
pub async fn create(control: &Control, account: &Account, name: &str, redirect_uri: &str) -> Result<Client, OpError> {
    check_name(name)?;
    check_redirect(redirect_uri)?;
    let id = new_id::<ClientId>();
    let (sealed, hash) = new_credentials(control, id)?;
    Ok(oauth_clients::create(control.db.pool(), id, account.id, (name, redirect_uri), (&sealed, &hash)).await?)
}

/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, account: &Account) -> Result<Vec<Client>, OpError> {
    Ok(oauth_clients::list(control.db.pool(), account.id).await?)
}

/// # Errors
/// [`OpError::NotFound`], also for another's.
pub async fn find(control: &Control, account: &Account, identity: &str) -> Result<Client, OpError> {
    let found = oauth_clients::by_id(control.db.pool(), id(identity)?).await?;
    found.filter(|client| client.account_id == account.id).ok_or_else(unknown)
}

/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`].
pub async fn update(
    control: &Control,
    account: &Account,
    identity: &str,
    name: Option<&str>,
    redirect_uri: Option<&str>,
) -> Result<Client, OpError> {
    name.map_or(Ok(()), check_name)?;
    redirect_uri.map_or(Ok(()), check_redirect)?;
    let updated = oauth_clients::update(control.db.pool(), account.id, id(identity)?, name, redirect_uri).await?;
    updated.ok_or_else(unknown)
}

/// Another secret. The old one is over; tokens that it was used for stay.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn rotate(control: &Control, account: &Account, identity: &str) -> Result<Client, OpError> {
    let id = id(identity)?;
    let (sealed, hash) = new_credentials(control, id)?;
    oauth_clients::set_secret(control.db.pool(), account.id, id, (&sealed, &hash)).await?.ok_or_else(unknown)
}

/// With every token that it was given.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn delete(control: &Control, account: &Account, identity: &str) -> Result<Client, OpError> {
    oauth_clients::delete(control.db.pool(), account.id, id(identity)?).await?.ok_or_else(unknown)
}

/// Its secret, for its owner.
///
/// # Errors
/// [`OpError::Internal`] under another master key.
pub fn secret(control: &Control, client: &Client) -> Result<SecretString, OpError> {
    let plain = control.db.vault().open(client.id.uuid(), &client.secret).map_err(DbError::from)?;
    let text = String::from_utf8(plain).map_err(|error| OpError::Internal(error.into()))?;
    Ok(text.into())
}

fn new_credentials(control: &Control, id: ClientId) -> Result<(Vec<u8>, SecretHash), OpError> {
    let secret = new_secret("");
    let sealed = control.db.vault().seal(id.uuid(), secret.expose_secret().as_bytes()).map_err(DbError::from)?;
    Ok((sealed, SecretHash::of(&secret)))
}

fn check_name(name: &str) -> Result<(), OpError> {
    match !name.trim().is_empty() && name.chars().count() <= 100 && !name.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(OpError::Invalid("A client's name is one line of 1 to 100 letters.".to_owned())),
    }
}

/// Over TLS, or to a program on the user's own machine.
fn check_redirect(uri: &str) -> Result<(), OpError> {
    // With the parser that people are sent back by.
    let parsed = Url::parse(uri).ok();
    let host = parsed.as_ref().and_then(Url::host_str).unwrap_or_default();
    let is_local = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    let scheme = parsed.as_ref().map(Url::scheme);
    let fits = scheme == Some("https") || (scheme == Some("http") && is_local);
    match fits && !host.is_empty() && !uri.contains(['#', '@', '"', '\'', '<', '>', ';', ',']) && uri.len() <= 2000 {
        true => Ok(()),
        false => Err(OpError::Invalid(
            "redirect_uri is a URL with https, or with http to localhost, without user, password or fragment."
                .to_owned(),
        )),
    }
}

fn id(identity: &str) -> Result<ClientId, OpError> {
    identity.parse().map_err(|_| unknown())
}

fn unknown() -> OpError {
    OpError::not_found("client")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_sent_back_over_tls_or_to_their_own_machine() {
        for good in ["https://example.com/callback", "http://localhost:3000/", "http://127.0.0.1/x?y=z"] {
            assert!(check_redirect(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/callback",
            "http://example.com/",
            "javascript:alert(1)",
            "https://a@b/",
            "https://a/#x",
            "https://a/;x",
        ] {
            assert!(check_redirect(bad).is_err(), "{bad}");
        }
    }
}
