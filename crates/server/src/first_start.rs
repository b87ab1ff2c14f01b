//! The owner's account, and a token for the CLI of the user who starts the server.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use paas_control::{Control, ops};
use paas_db::accounts;

use crate::credentials::Credentials;

/// Sees to it that there is an owner, and that the credentials file in `directory` has a token of an account and the
/// server's CA. Gives the file if it was written.
///
/// A lost file, or a new database, is repaired by a restart: whoever may start the server and read its data may do
/// anything to it anyway.
///
/// # Errors
/// The file cannot be read or written, or the database does not answer.
pub async fn ensure_login(
    control: &Control,
    email: &str,
    directory: Option<&Path>,
    ca_pem: &str,
) -> Result<Option<PathBuf>> {
    let (owner, new_token) = match accounts::owner(control.db.pool()).await? {
        Some(owner) => (owner, None),
        None => {
            match ops::accounts::create(control, email, true).await {
                Ok((owner, token)) => (owner, Some(token)),
                // Another process may have been quicker.
                Err(error) => match accounts::owner(control.db.pool()).await? {
                    Some(owner) => (owner, None),
                    None => return Err(error).context("making the owner's account"),
                },
            }
        }
    };
    let Some(directory) = directory else {
        return Ok(None);
    };
    let credentials = Credentials::load(directory, &control.settings.public_url)?;
    if let Some(token) = credentials.token() {
        let works = ops::accounts::authenticate(control, &token).await?.is_some();
        if works && credentials.trusts(ca_pem) {
            return Ok(None);
        }
    }
    let token = match new_token {
        Some(token) => token,
        None => ops::accounts::create_token(control, &owner, "CLI on the server").await?,
    };
    let path = credentials.path();
    credentials.store(&token, &owner.email, ca_pem)?;
    Ok(Some(path))
}
