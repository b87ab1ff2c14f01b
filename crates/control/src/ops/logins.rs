//! Logging in with a password, and with a second factor where the account has one.

use std::net::IpAddr;

use paas_db::{SecretHash, accounts, accounts::Account, login_attempts};
use secrecy::SecretString;

use super::two_factor;
use crate::{Control, OpError, password};

/// Guesses in a quarter of an hour: at one account, and from one address.
const PER_ACCOUNT: i32 = 10;
const PER_ADDRESS: i32 = 60;

/// What somebody shows to prove who they are.
#[derive(Debug)]
pub struct Proof {
    pub email: String,
    pub password: SecretString,
    /// Of the second factor, or one of the recovery codes.
    pub code: Option<SecretString>,
    /// Where it comes from; `None`: unknown.
    pub address: Option<IpAddr>,
}

/// Whose password this is.
///
/// # Errors
/// [`OpError::Unauthorized`], the same and after the same time whether or not there is such an account;
/// [`OpError::TwoFactor`] when the code is missing; [`OpError::RateLimited`] after too many guesses.
pub async fn check(control: &Control, proof: Proof) -> Result<Account, OpError> {
    let email = proof.email.trim();
    let db = control.db.pool();
    let account = accounts::by_email(db, email).await?;
    // Under the address as it is written down: others that the database takes for the same are no further guesses.
    let counted = account.as_ref().map_or(email, |account| &account.email);
    let subject = limit(control, counted, proof.address).await?;
    let credentials = match &account {
        Some(account) => accounts::credentials(db, account.id).await?,
        None => None,
    };
    let hash = credentials.as_ref().and_then(|credentials| credentials.password_hash.clone());
    let fits = password::verify(proof.password, hash).await?;
    let account = account.filter(|_| fits).ok_or_else(wrong)?;
    if account.totp_confirmed_at.is_some() {
        let Some(code) = proof.code else {
            // It was no guess.
            login_attempts::forgive(db, &subject).await?;
            return Err(OpError::TwoFactor);
        };
        if !two_factor::accept(control, &account, &code).await? {
            return Err(OpError::Unauthorized("The two-factor code is wrong, or was used before.".to_owned()));
        }
    }
    login_attempts::forgive(db, &subject).await?;
    accounts::note_login(db, account.id).await?;
    Ok(account)
}

/// Asks an account that is logged in for its password again, before something that a stolen token must not do. An account
/// without a password cannot be asked: `Ok(false)`.
///
/// # Errors
/// [`OpError::Forbidden`] for a wrong password or none; [`OpError::RateLimited`].
pub(crate) async fn confirm(
    control: &Control,
    account: &Account,
    password: Option<SecretString>,
) -> Result<bool, OpError> {
    let db = control.db.pool();
    let credentials = accounts::credentials(db, account.id).await?;
    let Some(hash) = credentials.and_then(|credentials| credentials.password_hash) else { return Ok(false) };
    let Some(password) = password else {
        return Err(OpError::Invalid("This needs your current password, as `password`.".to_owned()));
    };
    let subject = limit(control, &account.email, None).await?;
    if !password::verify(password, Some(hash)).await? {
        return Err(OpError::Forbidden("The current password is wrong.".to_owned()));
    }
    login_attempts::forgive(db, &subject).await?;
    Ok(true)
}

/// Counts a guess before it is made, so that guesses side by side count too. What it returns is forgiven when it was right.
pub(crate) async fn limit(control: &Control, email: &str, address: Option<IpAddr>) -> Result<SecretHash, OpError> {
    let db = control.db.pool();
    // First, so that an address that is over its own count locks nobody else out.
    limit_address(control, address).await?;
    let subject = SecretHash::of(&format!("account {}", email.to_lowercase()).into());
    let attempts = login_attempts::take(db, &subject).await?;
    match attempts > PER_ACCOUNT {
        true => Err(too_many()),
        false => Ok(subject),
    }
}

/// Counts what an address asks for that needs no account. `None` is not counted.
pub(crate) async fn limit_address(control: &Control, address: Option<IpAddr>) -> Result<(), OpError> {
    let Some(address) = address else { return Ok(()) };
    let from = SecretHash::of(&format!("address {}", network(address)).into());
    match login_attempts::take(control.db.pool(), &from).await? > PER_ADDRESS {
        true => Err(too_many()),
        false => Ok(()),
    }
}

/// What somebody has one of: of the newer protocol, a line of any home has 2^64 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        older => older,
    }
}

fn too_many() -> OpError {
    OpError::RateLimited("Too many attempts. Wait a quarter of an hour, then try again.".to_owned())
}

fn wrong() -> OpError {
    OpError::Unauthorized("Invalid credentials provided.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_one_line_has_count_as_one() {
        let network = |address: &str| network(address.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:2::9"), network("2001:db8:1:3::9"));
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
    }
}
