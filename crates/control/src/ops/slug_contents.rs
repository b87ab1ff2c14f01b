//! What is in slugs.

use paas_builder::{BuilderError, CONTAINER_STACK, InputError};
pub use paas_builder::{FileChange, FileFacts, FileKind, FolderSize, SlugContents, SlugDiff, SlugFile};
use paas_db::{apps::App, releases, slugs, slugs::UsedSlug};
use paas_model::{ReleaseVersion, SlugId};

use crate::{Control, OpError};

/// Slugs that are listed.
const LISTED: i64 = 200;

/// The app's newest 200, newest first.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, app: &App) -> Result<Vec<UsedSlug>, OpError> {
    Ok(slugs::list(control.db.pool(), app.id, LISTED).await?)
}

/// By its id, or that of a release: `v12` or `12`.
///
/// # Errors
/// [`OpError::NotFound`] when the app has no such slug, or no such release; [`OpError::Invalid`] for a release without code.
pub async fn find(control: &Control, app: &App, id_or_version: &str) -> Result<UsedSlug, OpError> {
    let db = control.db.pool();
    let id = match (id_or_version.parse::<SlugId>(), id_or_version.parse::<ReleaseVersion>()) {
        (Ok(id), _) => id,
        (_, Ok(version)) => {
            let release = releases::by_version(db, app.id, version).await?;
            let release = release.ok_or_else(|| OpError::NotFound {
                resource: "release",
                message: format!("{} has no release {version}.", app.name),
            })?;
            release.slug_id.ok_or_else(|| {
                OpError::Invalid(format!("Release {version} of {} has no slug: nothing was deployed then.", app.name))
            })?
        }
        _ => return Err(OpError::not_found("slug")),
    };
    slugs::used(db, app.id, id).await?.ok_or_else(|| OpError::not_found("slug"))
}

/// # Errors
/// [`OpError::NotFound`] when the registry does not have the slug any more; [`OpError::Invalid`] for the image of a Dockerfile,
/// and when it has too many files to list; [`OpError::Unavailable`].
pub async fn contents(control: &Control, slug: &UsedSlug) -> Result<SlugContents, OpError> {
    check_is_layer(slug)?;
    let contents = control.builder.slug_contents(slug.slug.app_id, &slug.slug.layers()).await;
    contents.map_err(|error| unreadable(error, &[slug]))
}

/// How `to` differs from `from`. Both are the same app's.
///
/// # Errors
/// As [`contents`].
pub async fn diff(control: &Control, from: &UsedSlug, to: &UsedSlug) -> Result<SlugDiff, OpError> {
    check_is_layer(from)?;
    check_is_layer(to)?;
    let diff = control.builder.slug_diff(from.slug.app_id, &from.slug.layers(), &to.slug.layers()).await;
    diff.map_err(|error| unreadable(error, &[from, to]))
}

fn check_is_layer(slug: &UsedSlug) -> Result<(), OpError> {
    match slug.slug.stack == CONTAINER_STACK {
        true => Err(OpError::Invalid(format!(
            "The {} is the image of a Dockerfile, which cannot be looked into here: pull {}.",
            name(slug),
            slug.slug.image
        ))),
        false => Ok(()),
    }
}

fn unreadable(error: InputError, slugs: &[&UsedSlug]) -> OpError {
    match error {
        // Its digest stands in what was not found.
        InputError::Infrastructure(BuilderError::NotFound(what)) => {
            let lost = slugs.iter().find(|slug| slug.slug.layers().iter().any(|layer| what.contains(&layer.digest)));
            let lost = lost.map(|slug| name(slug));
            let message = format!(
                "The files of {} are not in the registry any more. Only releases whose slugs are there can be looked into.",
                lost.unwrap_or_else(|| "the slug".to_owned())
            );
            OpError::NotFound { resource: "slug", message }
        }
        other => OpError::input("The slug cannot be looked into", other),
    }
}

/// `slug v12`, or its id where no release has it.
fn name(slug: &UsedSlug) -> String {
    slug.versions.last().map_or_else(|| format!("slug {}", slug.slug.id), |version| format!("slug {version}"))
}
