use paas_db::{DbError, apps, apps::App, buildpacks};
use paas_model::BuildpackSource;

use crate::{Control, OpError};

/// The app's buildpacks in the order in which they run; empty: detection decides.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, app: &App) -> Result<Vec<BuildpackSource>, OpError> {
    let rows = buildpacks::list(control.db.pool(), app.id).await?;
    rows.iter().map(|row| BuildpackSource::parse(&row.url).map_err(|error| OpError::Internal(error.into()))).collect()
}

/// Puts this list in place of the one there is. An empty list goes back to detection.
///
/// # Errors
/// [`OpError::Invalid`] for one that cannot be used.
pub async fn replace(control: &Control, app: &App, wanted: &[String]) -> Result<Vec<BuildpackSource>, OpError> {
    let parsed = wanted.iter().map(|text| BuildpackSource::parse(text)).collect::<Result<Vec<_>, _>>();
    let parsed = parsed.map_err(OpError::invalid)?;
    let urls: Vec<String> = parsed.iter().map(BuildpackSource::url).collect();
    let mut tx = control.db.begin().await?;
    if !apps::lock(&mut tx, app.id).await? {
        return Err(OpError::not_found("app"));
    }
    buildpacks::replace(&mut tx, app.id, &urls, false).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(parsed)
}
