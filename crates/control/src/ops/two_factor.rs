//! The second factor of logins: six digits that change every 30 seconds (RFC 6238), and recovery codes for the day on
//! which the telephone is lost.

use chrono::Utc;
use paas_db::{DbError, SecretHash, accounts, accounts::Account, login_attempts, recovery_codes};
use secrecy::{ExposeSecret, SecretString};
use totp_rs::{Builder, Totp};

use super::logins;
use crate::{Control, OpError};

/// HMAC-SHA-1's own length.
const SECRET_BYTES: usize = 20;
const RECOVERY_CODES: usize = 10;
/// No letters that look alike.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// What an authenticator app is given. Debug shows none of it.
#[derive(Debug)]
pub struct Enrollment {
    /// Base 32, to type.
    pub secret: SecretString,
    /// `otpauth://…`, to scan.
    pub url: SecretString,
}

/// How it stands with an account's second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    pub enabled: bool,
    pub recovery_codes_left: i64,
}

/// # Errors
/// [`OpError::Unavailable`].
pub async fn status(control: &Control, account: &Account) -> Result<Status, OpError> {
    let recovery_codes_left = recovery_codes::left(control.db.pool(), account.id).await?;
    Ok(Status { enabled: account.totp_confirmed_at.is_some(), recovery_codes_left })
}

/// Makes a secret. It counts once [`confirm`] has seen a code of it; until then, another call makes another.
///
/// # Errors
/// [`OpError::Forbidden`] for a wrong password; [`OpError::Invalid`] without one, or where a second factor is on.
pub async fn enroll(
    control: &Control,
    account: &Account,
    password: Option<SecretString>,
) -> Result<Enrollment, OpError> {
    if !logins::confirm(control, account, password).await? {
        return Err(OpError::Invalid(
            "A second factor is asked for after the password, and you have none yet. Set one first.".to_owned(),
        ));
    }
    let secret: [u8; SECRET_BYTES] = rand::random();
    let sealed = control.db.vault().seal(account.id.uuid(), &secret).map_err(DbError::from)?;
    let mut tx = control.db.begin().await?;
    if !accounts::set_totp(&mut *tx, account.id, &sealed).await? {
        return Err(OpError::Invalid("Two-factor authentication is on already. Disable it first.".to_owned()));
    }
    tx.commit().await.map_err(DbError::from)?;
    let totp = totp(control, account, secret.to_vec())?;
    let url = totp.to_url().map_err(internal)?;
    Ok(Enrollment { secret: totp.secret().to_base32().into(), url: url.into() })
}

/// Asks for the second factor from now on. Returns recovery codes, which cannot be shown again.
///
/// # Errors
/// [`OpError::Invalid`] for a wrong code, or when nothing was enrolled; [`OpError::RateLimited`].
pub async fn confirm(control: &Control, account: &Account, code: &SecretString) -> Result<Vec<SecretString>, OpError> {
    limit(control, account).await?;
    let credentials = accounts::credentials(control.db.pool(), account.id).await?;
    let Some(sealed) = credentials.filter(|it| it.totp_confirmed_at.is_none()).and_then(|it| it.totp_secret) else {
        return Err(nothing_to_confirm());
    };
    let step = step_of(control, account, &sealed, code)?;
    let codes: Vec<_> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let mut tx = control.db.begin().await?;
    let fresh = match step {
        Some(step) => accounts::use_totp_step(&mut *tx, account.id, step).await?,
        None => false,
    };
    if !fresh {
        return Err(OpError::Invalid(
            "This is not the code of this moment. Check the clock of your device.".to_owned(),
        ));
    }
    if !accounts::confirm_totp(&mut *tx, account.id, &sealed).await? {
        return Err(nothing_to_confirm());
    }
    recovery_codes::replace(&mut tx, account.id, &codes.iter().map(hash_of).collect::<Vec<_>>()).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(codes)
}

fn nothing_to_confirm() -> OpError {
    OpError::Invalid("There is nothing to confirm. Begin with POST /account/two-factor.".to_owned())
}

/// Recovery codes in place of those there are.
///
/// # Errors
/// As [`disable`].
pub async fn new_recovery_codes(
    control: &Control,
    account: &Account,
    password: Option<SecretString>,
    code: &SecretString,
) -> Result<Vec<SecretString>, OpError> {
    prove(control, account, password, code).await?;
    let codes: Vec<_> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let mut tx = control.db.begin().await?;
    recovery_codes::replace(&mut tx, account.id, &codes.iter().map(hash_of).collect::<Vec<_>>()).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(codes)
}

/// Logins ask for the password alone again.
///
/// # Errors
/// [`OpError::Forbidden`] for a wrong password or code; [`OpError::Invalid`] where it is off; [`OpError::RateLimited`].
pub async fn disable(
    control: &Control,
    account: &Account,
    password: Option<SecretString>,
    code: &SecretString,
) -> Result<(), OpError> {
    prove(control, account, password, code).await?;
    let mut tx = control.db.begin().await?;
    accounts::clear_totp(&mut *tx, account.id).await?;
    recovery_codes::replace(&mut tx, account.id, &[]).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(())
}

async fn prove(
    control: &Control,
    account: &Account,
    password: Option<SecretString>,
    code: &SecretString,
) -> Result<(), OpError> {
    if account.totp_confirmed_at.is_none() {
        return Err(OpError::Invalid("Two-factor authentication is off.".to_owned()));
    }
    logins::confirm(control, account, password).await?;
    match accept(control, account, code).await? {
        true => Ok(()),
        false => Err(OpError::Forbidden("The two-factor code is wrong, or was used before.".to_owned())),
    }
}

/// Whether it is a code of this moment or a recovery code, and was not used before. It is used now.
pub(super) async fn accept(control: &Control, account: &Account, code: &SecretString) -> Result<bool, OpError> {
    let subject = limit(control, account).await?;
    let db = control.db.pool();
    let sealed = accounts::credentials(db, account.id).await?.and_then(|credentials| credentials.totp_secret);
    let step = match sealed {
        Some(sealed) => step_of(control, account, &sealed, code)?,
        None => None,
    };
    let fresh = match step {
        Some(step) => accounts::use_totp_step(db, account.id, step).await?,
        None => recovery_codes::take(db, account.id, &hash_of(code)).await?,
    };
    if fresh {
        login_attempts::forgive(db, &subject).await?;
    }
    Ok(fresh)
}

/// Codes are counted apart from passwords: a right password must not wipe out the guesses at a code.
async fn limit(control: &Control, account: &Account) -> Result<SecretHash, OpError> {
    logins::limit(control, &format!("code of {}", account.email), None).await
}

/// The 30 seconds whose code this is, if they are these, the ones before or the ones after.
fn step_of(control: &Control, account: &Account, sealed: &[u8], code: &SecretString) -> Result<Option<i64>, OpError> {
    let secret = control.db.vault().open(account.id.uuid(), sealed).map_err(DbError::from)?;
    let digits: String = code.expose_secret().chars().filter(|letter| !letter.is_whitespace()).collect();
    let now = u64::try_from(Utc::now().timestamp()).map_err(internal)?;
    let step = totp(control, account, secret)?.check(&digits, now);
    step.map(i64::try_from).transpose().map_err(internal)
}

fn totp(control: &Control, account: &Account, secret: Vec<u8>) -> Result<Totp, OpError> {
    // Both stand in the URL on either side of a colon.
    let (issuer, name) = (control.settings.product.replace(':', " "), account.email.replace(':', " "));
    let builder = Builder::new().with_secret(secret).with_issuer(Some(issuer)).with_account_name(name);
    builder.build().map_err(internal)
}

/// 80 bits: `abcd-efgh-jkmn-pqrs`.
fn recovery_code() -> SecretString {
    let bits: [u8; 16] = rand::random();
    let letters: Vec<u8> = bits.iter().map(|bits| ALPHABET[usize::from(bits % 32)]).collect();
    let groups: Vec<_> = letters.chunks(4).map(String::from_utf8_lossy).collect();
    groups.join("-").into()
}

/// Blanks, hyphens and capital letters do not matter.
fn hash_of(code: &SecretString) -> SecretHash {
    let letters = code.expose_secret().chars().filter(|letter| letter.is_alphanumeric());
    SecretHash::of(&letters.collect::<String>().to_lowercase().into())
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> OpError {
    OpError::Internal(error.into())
}
