use paas_db::{SecretHash, accounts, accounts::Account, new_id, new_secret, tokens};
use paas_model::{AccountId, TokenId};
use secrecy::SecretString;

use crate::{Control, OpError};

/// Tokens look like Heroku's: a fixed prefix, so that scanners recognise a leaked one.
const TOKEN_PREFIX: &str = "HRKU-";

/// An account that may do everything: proof, for use-cases about hosts and pools, that somebody has looked.
#[derive(Debug, Clone)]
pub struct Owner(Account);

impl Owner {
    /// # Errors
    /// [`OpError::Forbidden`] for any other account.
    pub fn of(account: &Account) -> Result<Self, OpError> {
        match account.is_owner {
            true => Ok(Self(account.clone())),
            false => Err(OpError::Forbidden(
                "Hosts and pools are for the owner of this installation. You are logged in with another account."
                    .to_owned(),
            )),
        }
    }

    #[must_use]
    pub fn email(&self) -> &str {
        &self.0.email
    }

    #[must_use]
    pub fn id(&self) -> AccountId {
        self.0.id
    }
}

/// Whose token this is; `None`: nobody's.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn authenticate(control: &Control, token: &SecretString) -> Result<Option<Account>, OpError> {
    Ok(tokens::account_of(control.db.pool(), &SecretHash::of(token)).await?)
}

/// Makes an account, and a token for it. The token cannot be shown again.
///
/// # Errors
/// [`OpError::Invalid`] when the address is taken or is none.
pub async fn create(control: &Control, email: &str, is_owner: bool) -> Result<(Account, SecretString), OpError> {
    let plausible = email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    if !plausible || email.len() > 254 || email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(OpError::Invalid(format!("{email:?} is not an e-mail address.")));
    }
    let mut tx = control.db.begin().await?;
    let account = accounts::create(&mut *tx, new_id::<AccountId>(), email, is_owner).await?;
    let token = insert_token(&mut tx, account.id, "First token").await?;
    tx.commit().await.map_err(paas_db::DbError::from)?;
    Ok((account, token))
}

/// Another token for an account.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn create_token(control: &Control, account: &Account, description: &str) -> Result<SecretString, OpError> {
    let mut tx = control.db.begin().await?;
    let token = insert_token(&mut tx, account.id, description).await?;
    tx.commit().await.map_err(paas_db::DbError::from)?;
    Ok(token)
}

async fn insert_token(
    db: &mut paas_db::Connection,
    account: AccountId,
    description: &str,
) -> Result<SecretString, OpError> {
    let token = new_secret(TOKEN_PREFIX);
    tokens::create(db, new_id::<TokenId>(), account, description, &SecretHash::of(&token)).await?;
    Ok(token)
}
