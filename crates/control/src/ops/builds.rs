use std::{collections::BTreeMap, time::Duration};

use futures::Stream;
use paas_db::{
    Connection, DbError, Topic, accounts::Account, apps, apps::App, build_output, builds, builds::Build, new_id,
};
use paas_model::{AccountId, BuildId, BuildState, BuildpackSource};

use super::{sources, sources::Given};
use crate::{Control, OpError};

/// Why a build that was called off failed.
pub(crate) const CANCELLED: &str = "cancelled";
/// A follower looks this often even when no wake-up comes.
const POLL: Duration = Duration::from_secs(2);

/// What a build is made from.
#[derive(Debug, Clone)]
pub struct NewBuild {
    pub source: Given,
    /// Git commit, or what the client calls its version.
    pub version: Option<String>,
    pub version_description: Option<String>,
    /// For this build only; `None`: the app's.
    pub buildpacks: Option<Vec<BuildpackSource>>,
    /// How long its source took to come in, of a push; else it came before anybody asked for the build.
    pub receive: Option<Duration>,
}

/// Puts a build in line. It starts when the app's builds before it have ended.
///
/// # Errors
/// [`OpError::Invalid`] when nothing was uploaded to the source, or it is another account's.
pub async fn create(control: &Control, account: &Account, app: &App, new: NewBuild) -> Result<Build, OpError> {
    let mut tx = control.db.begin().await?;
    let id = insert(&mut tx, control, account.id, app, new).await?;
    tx.commit().await.map_err(DbError::from)?;
    control.logs.app_event(app.id, "api", format!("Build started by user {}", account.email));
    builds::find(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("build"))
}

/// The rows alone.
///
/// # Errors
/// As [`create`].
pub(crate) async fn insert(
    db: &mut Connection,
    control: &Control,
    account: AccountId,
    app: &App,
    new: NewBuild,
) -> Result<BuildId, OpError> {
    let source_id = sources::settle(db, control, account, new.source).await?;
    let row = builds::NewBuild {
        id: new_id::<BuildId>(),
        app_id: app.id,
        account_id: account,
        source_id,
        version: new.version,
        version_description: new.version_description,
        buildpacks: new.buildpacks.map(|list| list.iter().map(BuildpackSource::url).collect()),
        stack: app.stack.clone(),
    };
    builds::create(&mut *db, &row).await?;
    if let Some(took) = new.receive {
        let stages = BTreeMap::from([("receive".to_owned(), u64::try_from(took.as_millis()).unwrap_or(u64::MAX))]);
        builds::add_stages(&mut *db, row.id, &stages).await?;
    }
    Ok(row.id)
}

/// Calls a build off. One that runs ends within seconds; until then it is shown as pending. Nothing happens to one that has
/// ended, or was called off before.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn cancel(control: &Control, account: &Account, app: &App, id: BuildId) -> Result<Build, OpError> {
    find(control, app, id).await?;
    let mut tx = control.db.begin().await?;
    let is_over = builds::cancel_pending(&mut tx, id, &account.email, CANCELLED).await?;
    if is_over {
        build_output::append(&mut *tx, id, &cancelled_text(&account.email)).await?;
    } else {
        builds::request_cancel(&mut tx, id, &account.email).await?;
    }
    tx.commit().await.map_err(DbError::from)?;
    if is_over {
        control.logs.app_event(app.id, "api", cancelled_line(&account.email));
    }
    find(control, app, id).await
}

/// What a build that was called off prints last.
pub(crate) fn cancelled_text(by: &str) -> String {
    format!(" !     The build was cancelled by {by}.\n\n !     Push failed\n")
}

/// What the app's log says of it.
pub(crate) fn cancelled_line(by: &str) -> String {
    format!("Build cancelled by user {by}")
}

/// Forgets what the app's builds keep for one another: the next one starts from nothing, also after one that runs now.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn purge_cache(control: &Control, account: &Account, app: &App) -> Result<(), OpError> {
    let mut tx = control.db.begin().await?;
    apps::purge_cache(&mut tx, app.id).await?;
    tx.commit().await.map_err(DbError::from)?;
    control.logs.app_event(app.id, "api", format!("Build cache purged by user {}", account.email));
    Ok(())
}

/// All that the build has printed by now.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn output(control: &Control, id: BuildId) -> Result<String, OpError> {
    let (mut text, mut after) = (String::new(), 0);
    loop {
        let pieces = build_output::read(control.db.pool(), id, after).await?;
        let Some(last) = pieces.last() else { return Ok(text) };
        after = last.seq;
        text.extend(pieces.into_iter().map(|piece| piece.chunk));
    }
}

/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, app: &App, id: BuildId) -> Result<Build, OpError> {
    let build = builds::find(control.db.pool(), id).await?;
    build.filter(|build| build.app_id == app.id).ok_or_else(|| OpError::not_found("build"))
}

/// Newest first, at most 100.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, app: &App) -> Result<Vec<Build>, OpError> {
    Ok(builds::list(control.db.pool(), app.id, 100).await?)
}

/// What the build prints, from its beginning, as it comes; ends when the build has ended. The caller has
/// seen to it that the reader may: by a token, or by a URL that only this installation can have given out.
pub fn follow(control: &Control, id: BuildId) -> impl Stream<Item = Result<String, OpError>> + Send + use<> {
    let wake = control.changes.subscribe(&[Topic::BuildOutput, Topic::Builds]);
    let start = (control.clone(), wake, 0);
    futures::stream::try_unfold(start, move |(control, mut wake, after)| async move {
        loop {
            // The state first: what is read after it is everything that came before the end.
            let Some(build) = builds::find(control.db.pool(), id).await? else {
                return Ok(None);
            };
            let pieces = build_output::read(control.db.pool(), id, after).await?;
            if let Some(last) = pieces.last() {
                let after = last.seq;
                let text = pieces.into_iter().map(|piece| piece.chunk).collect::<String>();
                return Ok(Some((text, (control, wake, after))));
            }
            if build.state.is_final() {
                return Ok(None);
            }
            wake.changed_or_after(POLL).await;
        }
    })
}

/// Waits until the build has ended.
///
/// # Errors
/// [`OpError::NotFound`] when its app was deleted meanwhile.
pub async fn wait(control: &Control, id: BuildId) -> Result<Build, OpError> {
    let mut wake = control.changes.subscribe(&[Topic::Builds]);
    loop {
        let build = builds::find(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("build"))?;
        if matches!(build.state, BuildState::Succeeded | BuildState::Failed) {
            return Ok(build);
        }
        wake.changed_or_after(POLL).await;
    }
}
