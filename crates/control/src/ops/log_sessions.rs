use chrono::{TimeDelta, Utc};
use paas_db::{
    SecretHash, accounts::Account, apps::App, collaborators, log_sessions, log_sessions::LogSession, new_id, new_secret,
};
use paas_model::{LogSessionId, LogSource};
use secrecy::SecretString;

use crate::{Control, OpError};

/// Lines that are kept per app (Heroku: log history).
pub const MAX_LINES: u32 = 1_500;
/// A session's URL works for this long (Heroku: a few minutes).
const LIFETIME: TimeDelta = TimeDelta::minutes(6);

/// What a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct NewLogSession {
    /// `None`: 100.
    pub lines: Option<u32>,
    pub tail: bool,
    /// `app` or `heroku`.
    pub source: Option<String>,
    /// `web.1`, or `web` for every `web.N`.
    pub process: Option<String>,
}

/// Makes a secret URL's other half: whoever has the secret may read this app's log until the session ends,
/// as long as the account may see the app.
///
/// # Errors
/// [`OpError::Invalid`] for a source that does not exist.
pub async fn create(
    control: &Control,
    account: &Account,
    app: &App,
    new: NewLogSession,
) -> Result<(LogSession, SecretString), OpError> {
    if let Some(source) = new.source.as_deref().filter(|source| LogSource::parse(source).is_none()) {
        return Err(OpError::Invalid(format!("There is no log source {source:?}; it is app or heroku.")));
    }
    let secret = new_secret("");
    let session = log_sessions::NewLogSession {
        id: new_id::<LogSessionId>(),
        app_id: app.id,
        account_id: account.id,
        secret: SecretHash::of(&secret),
        lines: i32::try_from(new.lines.unwrap_or(100).min(MAX_LINES)).unwrap_or(i32::MAX),
        tail: new.tail,
        source: new.source,
        process: new.process,
        expires_at: Utc::now() + LIFETIME,
    };
    Ok((log_sessions::create(control.db.pool(), &session).await?, secret))
}

/// # Errors
/// [`OpError::NotFound`] for a secret that is unknown or past its time, or whose reader has lost the app.
pub async fn open(control: &Control, secret: &SecretString) -> Result<LogSession, OpError> {
    let found = log_sessions::by_secret(control.db.pool(), &SecretHash::of(secret)).await?;
    let session = found.ok_or_else(|| OpError::not_found("log session"))?;
    match is_readable(control, &session).await? {
        true => Ok(session),
        false => Err(OpError::not_found("log session")),
    }
}

/// Whether the app is still there, and its reader may still see it.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn is_readable(control: &Control, session: &LogSession) -> Result<bool, OpError> {
    Ok(collaborators::can_see(control.db.pool(), session.app_id, session.account_id).await?)
}
