//! The owner's account, and a token for the CLI of the user who starts the server.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use paas_db::{
    Db, SecretHash,
    accounts::{self, Account},
    new_id, new_secret, tokens,
};

use crate::credentials::Credentials;

/// Says what kind of secret it is to whoever finds one in a log or a repository.
const TOKEN_PREFIX: &str = "paas-";

/// The account that may do everything: there is one from the first start on.
///
/// # Errors
/// The database does not answer.
pub async fn ensure_owner(db: &Db, email: &str) -> Result<Account> {
    if let Some(owner) = accounts::owner(db.pool()).await? {
        return Ok(owner);
    }
    accounts::create(db.pool(), new_id(), email, true).await.context("making the owner's account")
}

/// Logs the user in who starts the server: sees to it that their credentials file has a token of `owner` that works, and
/// the server's CA. A lost file, or a new database, is repaired by a restart: whoever may start the server and read its
/// data may do anything to it anyway. Gives the file if it was written.
///
/// # Errors
/// The file cannot be read or written, or the database does not answer.
pub async fn ensure_login(
    db: &Db,
    owner: &Account,
    directory: &Path,
    server: &str,
    ca_pem: &str,
) -> Result<Option<PathBuf>> {
    let credentials = Credentials::load(directory, server)?;
    let known = credentials.token();
    if let Some(token) = &known {
        let works = tokens::account_of(db.pool(), &SecretHash::of(token)).await?.is_some();
        if works && credentials.trusts(ca_pem) {
            return Ok(None);
        }
    }
    let token = new_secret(TOKEN_PREFIX);
    tokens::create(db.pool(), new_id(), owner.id, "CLI on the server", &SecretHash::of(&token)).await?;
    let path = credentials.path();
    credentials.store(&token, &owner.email, ca_pem)?;
    Ok(Some(path))
}
