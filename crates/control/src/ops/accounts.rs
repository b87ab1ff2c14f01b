use paas_db::{
    DbError, SecretHash, accounts, accounts::Account, accounts::Changes, invitations, new_id, tokens, tokens::Token,
};
use paas_model::{AccountId, Scope};
use secrecy::SecretString;

use super::{authorizations, authorizations::NewAuthorization, logins};
use crate::{Control, OpError, password};

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
                "Hosts, pools and other people's accounts are for the owner of this installation. You are logged in with another account."
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

/// A token that is good, and whose it is.
#[derive(Debug, Clone)]
pub struct Login {
    pub account: Account,
    pub token: Token,
}

impl Login {
    /// Whether the token may be used where these scopes are taken.
    #[must_use]
    pub fn has_any(&self, accepted: &[Scope]) -> bool {
        accepted.iter().any(|scope| self.token.scope.iter().any(|word| word == scope.as_str()))
    }
}

/// Whose token this is; `None`: nobody's, or it is over.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn authenticate(control: &Control, token: &SecretString) -> Result<Option<Login>, OpError> {
    // One connection for all of it: every request comes by here.
    let mut db = control.db.pool().acquire().await.map_err(DbError::from)?;
    let Some(found) = tokens::by_hash(&mut *db, &SecretHash::of(token)).await? else { return Ok(None) };
    let Some(account) = accounts::by_id(&mut *db, found.account_id).await? else { return Ok(None) };
    // Once a minute is exact enough, and spares every other request a write.
    let minute_ago = chrono::Utc::now() - chrono::TimeDelta::minutes(1);
    if found.last_used_at.is_none_or(|used| used < minute_ago) {
        tokens::note_use(&mut *db, found.id, &authorizations::hint(token)).await?;
    }
    Ok(Some(Login { account, token: found }))
}

/// Makes an account, and a token for it. The token cannot be shown again.
///
/// # Errors
/// [`OpError::Invalid`] when the address is taken or is none.
pub async fn create(control: &Control, email: &str, is_owner: bool) -> Result<(Account, SecretString), OpError> {
    check_email(email)?;
    let mut tx = control.db.begin().await?;
    let account = accounts::create(&mut *tx, new_id::<AccountId>(), email, is_owner).await?;
    let issued = authorizations::insert(&mut tx, account.id, NewAuthorization::of("First token")).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok((account, issued.secret))
}

/// Another token for an account.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn create_token(control: &Control, account: &Account, description: &str) -> Result<SecretString, OpError> {
    Ok(authorizations::create(control, account, NewAuthorization::of(description)).await?.secret)
}

/// Everybody, for the installation's owner.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, _: &Owner) -> Result<Vec<Account>, OpError> {
    Ok(accounts::list(control.db.pool()).await?)
}

/// What somebody changes about themself.
#[derive(Debug, Default)]
pub struct AccountUpdate {
    pub changes: Changes,
    pub new_password: Option<SecretString>,
    /// The one there is; wanted for another address or password, unless there is none.
    pub password: Option<SecretString>,
}

/// # Errors
/// [`OpError::Forbidden`] for a wrong current password; [`OpError::Invalid`] for an address that is none or taken, and
/// for a password that is too short.
pub async fn update(control: &Control, login: &Login, update: AccountUpdate) -> Result<Account, OpError> {
    let id = login.account.id;
    if let Some(email) = &update.changes.email {
        check_email(email)?;
        // There is no mail to prove an address by; one that somebody else is expected under is not free.
        if invitations::is_invited(control.db.pool(), email).await? {
            return Err(OpError::Invalid("Email is already taken".to_owned()));
        }
    }
    if let Some(Some(name)) = &update.changes.name {
        check_name(name)?;
    }
    if update.changes.email.is_some() || update.new_password.is_some() {
        logins::confirm(control, &login.account, update.password).await?;
    }
    let hash = match update.new_password {
        Some(password) => Some(password::hash(password).await?),
        None => None,
    };
    let mut tx = control.db.begin().await?;
    let account = accounts::update(&mut *tx, id, &update.changes).await?;
    if let Some(hash) = hash {
        accounts::set_password(&mut *tx, id, &hash).await?;
        tokens::end_logins(&mut tx, id, Some(login.token.id)).await?;
    }
    tx.commit().await.map_err(DbError::from)?;
    Ok(account)
}

/// # Errors
/// [`OpError::Invalid`] for what is no line of at most 100 letters.
pub(super) fn check_name(name: &str) -> Result<(), OpError> {
    match name.chars().count() <= 100 && !name.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(OpError::Invalid("A name is one line of at most 100 letters.".to_owned())),
    }
}

/// Ends one's own account.
///
/// # Errors
/// [`OpError::Forbidden`] for a wrong password; [`OpError::Invalid`] while it owns apps, or without a password.
pub async fn delete(control: &Control, account: &Account, password: Option<SecretString>) -> Result<Account, OpError> {
    if !logins::confirm(control, account, password).await? {
        return Err(OpError::Invalid(
            "Deleting an account needs its password, and you have none. Set one first.".to_owned(),
        ));
    }
    forget(control, account.id).await
}

/// Ends somebody else's account.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`] while it owns apps, and for the installation's owner.
pub async fn remove(control: &Control, _: &Owner, identity: &str) -> Result<Account, OpError> {
    let account = find(control, identity).await?;
    forget(control, account.id).await
}

/// By id or address.
pub(super) async fn find(control: &Control, identity: &str) -> Result<Account, OpError> {
    let db = control.db.pool();
    let found = match identity.parse() {
        Ok(id) => accounts::by_id(db, id).await?,
        Err(_) => accounts::by_email(db, identity).await?,
    };
    found.ok_or_else(|| OpError::not_found("account"))
}

async fn forget(control: &Control, id: AccountId) -> Result<Account, OpError> {
    let mut tx = control.db.begin().await?;
    let account = accounts::lock(&mut *tx, id).await?.ok_or_else(|| OpError::not_found("account"))?;
    if account.is_owner {
        return Err(OpError::Invalid("The owner of this installation cannot be deleted.".to_owned()));
    }
    if accounts::has_apps(&mut *tx, id).await? {
        return Err(OpError::Invalid(format!(
            "{} owns apps. Transfer or destroy them first, then delete the account.",
            account.email
        )));
    }
    accounts::forget_belongings(&mut tx, id).await?;
    accounts::forget(&mut *tx, id).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(account)
}

pub(super) fn check_email(email: &str) -> Result<(), OpError> {
    let plausible = email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    match plausible && email.len() <= 254 && !email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        true => Ok(()),
        false => Err(OpError::Invalid(format!("{email:?} is not an e-mail address."))),
    }
}
