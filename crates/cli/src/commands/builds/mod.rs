pub(super) mod cancel;
pub(super) mod create;
pub(super) mod info;
pub(super) mod list;
pub(super) mod output;
pub(super) mod purge_cache;

use paas_platform::{Build, Client};

use crate::{error::Error, printer};

/// The build with this id, or the newest.
async fn find(client: &Client, app: &str, id: Option<&str>) -> Result<Build, Error> {
    if let Some(id) = id {
        return Ok(client.build(app, id).await?);
    }
    let newest = client.builds(app).await?.into_iter().max_by_key(|build| build.created_at);
    newest.ok_or_else(|| Error::mistake(format!("{} has no builds.", printer::app(app)), "push some code"))
}
