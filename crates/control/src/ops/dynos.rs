use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use paas_db::{
    DbError, SecretHash, accounts::Account, apps::App, dynos, dynos::Dyno, formations, new_id, new_secret, releases,
};
use paas_model::{ConfigVars, DynoId, DynoKind, DynoName, DynoSize, ProcessType};
use secrecy::SecretString;

use crate::{Control, OpError};

/// What an attach URL's secret begins with: the API's listener tells it from HTTP by this.
pub const ATTACH_PREFIX: &str = "rendezvous-";
/// Heroku: concurrently running one-off dynos on Standard.
const MAX_ONE_OFFS: usize = 50;

/// `paas run`.
#[derive(Debug, Clone)]
pub struct Run {
    pub command: String,
    /// A client attaches; without, the output goes to the log.
    pub attach: bool,
    pub tty: bool,
    /// Over the config vars.
    pub env: BTreeMap<String, String>,
    pub size: Option<DynoSize>,
    /// `None`: `run`.
    pub kind: Option<ProcessType>,
    /// Seconds until the platform stops it; at most, and by default, the setting.
    pub time_to_live: Option<u32>,
}

/// Which dynos of an app.
#[derive(Debug, Clone)]
pub enum Which {
    All,
    Type(ProcessType),
    One(DynoName),
}

/// Dynos that are not gone.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, app: &App) -> Result<Vec<Dyno>, OpError> {
    Ok(dynos::list(control.db.pool(), app.id).await?)
}

/// By id (one that ended a while ago included), or by name: then the newest that is not gone.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, app: &App, id_or_name: &str) -> Result<Dyno, OpError> {
    let dyno = match (id_or_name.parse::<DynoId>(), id_or_name.parse::<DynoName>()) {
        (Ok(id), _) => dynos::find(control.db.pool(), id).await?.filter(|dyno| dyno.app_id == app.id),
        (_, Ok(name)) => list(control, app).await?.into_iter().rev().find(|dyno| dyno.name() == name),
        _ => None,
    };
    dyno.ok_or_else(|| OpError::not_found("dyno"))
}

/// Replaces dynos by new ones in the same slots, some at a time. One-off dynos that are named are stopped.
///
/// # Errors
/// [`OpError::NotFound`] when one dyno is named and there is none of that name.
pub async fn restart(control: &Control, app: &App, which: &Which) -> Result<(), OpError> {
    let (kind, number) = match which {
        Which::All => (None, None),
        Which::Type(kind) => (Some(kind), None),
        Which::One(name) => (Some(&name.kind), Some(name.number)),
    };
    if let Which::One(name) = which {
        let dyno = find(control, app, &name.to_string()).await?;
        if dyno.kind != DynoKind::Formation {
            return stop_one_off(control, &dyno).await;
        }
    }
    let mut tx = control.db.begin().await?;
    dynos::request_restart(&mut tx, app.id, kind, number).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(())
}

/// Stops dynos. Those of the formation come back, as on Heroku: scale down to have fewer.
///
/// # Errors
/// As [`restart`].
pub async fn stop(control: &Control, app: &App, which: &Which) -> Result<(), OpError> {
    restart(control, app, which).await
}

async fn stop_one_off(control: &Control, dyno: &Dyno) -> Result<(), OpError> {
    let mut tx = control.db.begin().await?;
    dynos::stop(&mut tx, dyno.id, "Stopped").await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(())
}

/// Starts a one-off dyno of the current release. The secret, for the attach URL, exists for attached ones.
///
/// # Errors
/// [`OpError::Conflict`] when nothing was deployed yet; [`OpError::Invalid`] for a bad environment or too many.
pub async fn run(
    control: &Control,
    account: &Account,
    app: &App,
    run: Run,
) -> Result<(Dyno, Option<SecretString>), OpError> {
    check(&run)?;
    let release = releases::current(control.db.pool(), app.id).await?.filter(|release| release.slug_id.is_some());
    let release = release
        .ok_or_else(|| OpError::Conflict(format!("Nothing is deployed to {} yet: push some code first.", app.name)))?;
    let running = list(control, app).await?;
    if running.iter().filter(|dyno| dyno.kind == DynoKind::OneOff).count() >= MAX_ONE_OFFS {
        return Err(OpError::Invalid(format!("An app may run {MAX_ONE_OFFS} one-off dynos at once.")));
    }
    let secret = run.attach.then(|| new_secret(ATTACH_PREFIX));
    let longest = control.settings.one_off_lifetime.as_secs();
    let lifetime = run.time_to_live.map_or(longest, |seconds| u64::from(seconds).min(longest));
    let lifetime = TimeDelta::seconds(i64::try_from(lifetime).unwrap_or(i64::MAX));
    let dyno = dynos::NewDyno {
        id: new_id::<DynoId>(),
        app_id: app.id,
        release_id: release.id,
        kind: DynoKind::OneOff,
        name: DynoName { kind: run.kind.unwrap_or_else(ProcessType::run), number: rand::random_range(1_000..=9_999) },
        size: run.size.unwrap_or_default(),
        command: expand(control, app, &run.command).await?,
        host_id: None,
        account_id: Some(account.id),
        env: run.env,
        attach: secret.as_ref().map(SecretHash::of),
        tty: run.tty,
        expires_at: Some(Utc::now() + lifetime),
        crashes: 0,
    };
    dynos::create(control.db.pool(), control.db.vault(), &dyno).await?;
    let made = dynos::find(control.db.pool(), dyno.id).await?.ok_or_else(|| OpError::not_found("dyno"))?;
    Ok((made, secret))
}

/// A command of one word that names a process type stands for that type's command (Heroku: `heroku run web`).
async fn expand(control: &Control, app: &App, command: &str) -> Result<String, OpError> {
    let (word, rest) = command.trim().split_once(char::is_whitespace).unwrap_or((command.trim(), ""));
    let known = formations::list(control.db.pool(), app.id).await?;
    Ok(match known.into_iter().find(|formation| formation.kind.as_str() == word) {
        // Heroku's CLI appends ` ; echo …$?` behind the word, so only the first word is looked at.
        Some(formation) if rest.is_empty() || rest.starts_with(';') => format!("{} {rest}", formation.command),
        _ => command.to_owned(),
    })
}

fn check(run: &Run) -> Result<(), OpError> {
    if run.command.trim().is_empty() {
        return Err(OpError::Invalid("Give a command to run.".to_owned()));
    }
    if run.command.len() > 100_000 || run.command.contains('\0') {
        return Err(OpError::Invalid("The command is too long, or has a NUL byte in it.".to_owned()));
    }
    // The same rules as for config vars, but for the prefix that only the platform may use.
    let patch = run.env.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
    ConfigVars::default().patched(&paas_model::ConfigPatch(patch)).map_err(OpError::invalid)?;
    Ok(())
}
