//! Images that nothing wants any more.

use std::collections::BTreeSet;

use bollard::query_parameters::{ListContainersOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder};

use super::connection::{Connection, status};
use crate::EngineError;

const DOING: &str = "remove images";

/// Looks who uses what before it removes; the engine itself refuses to remove what has come into use since. One image that
/// cannot be removed does not keep the others.
pub(super) async fn images(
    connection: &Connection,
    path: &str,
    keep: &[String],
    most: usize,
) -> Result<Vec<String>, EngineError> {
    let fail = |error| connection.failed(DOING, error);
    let keep: BTreeSet<&str> = keep.iter().map(String::as_str).collect();
    let options = ListImagesOptionsBuilder::default().all(false).build();
    let images = connection.call(|docker| docker.list_images(Some(options))).await.map_err(fail)?;
    let options = ListContainersOptionsBuilder::default().all(true).build();
    let containers = connection.call(|docker| docker.list_containers(Some(options))).await.map_err(fail)?;
    let used: BTreeSet<String> = containers.into_iter().filter_map(|container| container.image_id).collect();
    let (mut removed, mut failed) = (Vec::new(), None);
    for image in images {
        if removed.len() >= most {
            break;
        }
        let mut names = image.repo_tags.iter().chain(&image.repo_digests);
        if used.contains(&image.id) || names.any(|name| keep.contains(name.as_str())) {
            continue;
        }
        // One that was pulled by its digest has no tag. With the last tag of a repository its digests there go too.
        let names = if image.repo_tags.is_empty() { image.repo_digests } else { image.repo_tags };
        let ours = |name: &&String| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        for name in names.iter().filter(ours) {
            match remove(connection, name).await {
                Ok(true) => removed.push(name.clone()),
                Ok(false) => {}
                Err(error @ EngineError::Unavailable { .. }) => return Err(error),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
    }
    match failed {
        // What was removed before is told first: it is asked again until nothing more can be.
        Some(error) if removed.is_empty() => Err(error),
        _ => Ok(removed),
    }
}

/// Whether it is gone. One that is in use stays.
async fn remove(connection: &Connection, name: &str) -> Result<bool, EngineError> {
    let options = RemoveImageOptionsBuilder::default().force(false).noprune(false).build();
    let removed = connection.call(|docker| docker.remove_image(name, Some(options), None)).await;
    match status(&removed) {
        Some(409) => Ok(false),
        Some(404) => Ok(true),
        _ => removed.map(|_| true).map_err(|error| connection.failed(DOING, error)),
    }
}
