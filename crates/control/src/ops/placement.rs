//! What an app's owner may say about where its dynos go and how a release takes over.

use paas_db::{DbError, apps, apps::App};
use paas_model::Labels;

use crate::{Control, OpError, ops::accounts::Owner};

/// The database holds to it, too.
const MAX_CANARY_SECONDS: u32 = 3_600;
const MAX_PATH_BYTES: usize = 1_000;

pub use paas_db::apps::Placement;

/// A change; `None` keeps what is.
#[derive(Debug, Clone, Default)]
pub struct PlacementChange {
    /// All of them.
    pub labels: Option<Labels>,
    /// 0: no such step.
    pub canary_seconds: Option<u32>,
    /// Empty: a web dyno is up when its port takes a connection.
    pub health_path: Option<String>,
}

/// # Errors
/// [`OpError::NotFound`] when the app was deleted meanwhile.
pub async fn find(control: &Control, app: &App) -> Result<Placement, OpError> {
    apps::placement(control.db.pool(), app.id).await?.ok_or_else(|| OpError::not_found("app"))
}

/// Labels decide which hosts the app's dynos may use, so they are for the installation's owner to set.
///
/// # Errors
/// [`OpError::Forbidden`] for labels by another account; [`OpError::Invalid`] for what cannot be.
pub async fn update(
    control: &Control,
    owner: Result<Owner, OpError>,
    app: &App,
    change: PlacementChange,
) -> Result<Placement, OpError> {
    if let Some(labels) = &change.labels {
        owner?;
        super::check_labels(labels)?;
    }
    if let Some(seconds) = change.canary_seconds.filter(|seconds| *seconds > MAX_CANARY_SECONDS) {
        return Err(OpError::Invalid(format!(
            "A canary of {seconds} seconds is too long: at most {MAX_CANARY_SECONDS}, or 0 for none."
        )));
    }
    if let Some(path) = change.health_path.as_deref().filter(|path| !path.is_empty()) {
        check_path(path)?;
    }
    let mut tx = control.db.begin().await?;
    if !apps::lock(&mut tx, app.id).await? {
        return Err(OpError::not_found("app"));
    }
    let now = apps::placement(&mut *tx, app.id).await?.ok_or_else(|| OpError::not_found("app"))?;
    let placement = Placement::new(
        change.labels.unwrap_or_else(|| now.labels.clone()),
        change.canary_seconds.or(now.canary_seconds()).filter(|seconds| *seconds > 0),
        change.health_path.or(now.health_path).filter(|path| !path.is_empty()),
    );
    apps::set_placement(&mut *tx, app.id, &placement).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(placement)
}

/// It becomes the first line of a request.
fn check_path(path: &str) -> Result<(), OpError> {
    let is_path = path.starts_with('/') && path.len() <= MAX_PATH_BYTES && path.bytes().all(|c| c.is_ascii_graphic());
    if is_path && !path.contains('#') {
        return Ok(());
    }
    Err(OpError::Invalid(format!(
        "{path:?} is not a path to check: write it as in a URL, from the slash on, in at most {MAX_PATH_BYTES} characters, \
         such as /health."
    )))
}
