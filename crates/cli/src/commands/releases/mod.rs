pub(super) mod info;
pub(super) mod list;
pub(super) mod output;
pub(super) mod retry;
pub(super) mod rollback;

use paas_platform::{Client, ClientError, Release};

use crate::error::Error;

/// The newest release.
pub(in crate::commands) async fn latest(client: &Client, app: &str) -> Result<Option<Release>, ClientError> {
    Ok(client.releases(app, 1).await?.into_iter().next())
}

/// The release that is meant by `v12` or `12`, or the newest.
async fn find(client: &Client, app: &str, version: Option<&str>) -> Result<Release, Error> {
    match version {
        Some(version) => Ok(client.release(app, version.strip_prefix('v').unwrap_or(version)).await?),
        None => latest(client, app).await?.ok_or_else(|| Error::mistake("There are no releases.", "push some code")),
    }
}
