//! Slugs that clients make themselves: announced, uploaded, and then released like those of builds.

use std::{collections::BTreeMap, future::Future, io, time::Duration};

use bytes::Bytes;
use chrono::Utc;
use futures::Stream;
use paas_builder::{BuilderError, CONTAINER_STACK};
use paas_db::{DbError, apps, apps::App, new_id, slug_uploads, slug_uploads::SlugUpload, slugs, slugs::Slug};
use paas_model::{ProcessType, SlugId};
use tokio::time::{error::Elapsed, timeout};

use super::sources::digest_of_checksum;
use crate::{Control, OpError};

/// Most process types of one slug, and bytes of one command.
const MAX_TYPES: usize = 100;
const MAX_COMMAND: usize = 32 * 1024;
const REGISTRY_TIMEOUT: Duration = Duration::from_secs(30);

/// What a client says of a slug before it uploads it.
#[derive(Debug, Clone, Default)]
pub struct NewSlug {
    pub process_types: BTreeMap<String, String>,
    /// `SHA256:` and hexadecimal digits of the archive.
    pub checksum: Option<String>,
    pub commit: Option<String>,
    pub commit_description: Option<String>,
    pub buildpack_provided_description: Option<String>,
    /// `None`: the app's.
    pub stack: Option<String>,
}

/// A slug, or the announcement of one.
#[derive(Debug, Clone)]
pub enum Found {
    Slug(Slug),
    Upload(SlugUpload),
}

/// # Errors
/// [`OpError::Invalid`] for process types, a stack or a checksum that cannot be.
pub async fn create(control: &Control, app: &App, new: NewSlug) -> Result<SlugUpload, OpError> {
    let stack = new.stack.unwrap_or_else(|| app.stack.clone());
    super::apps::check_stack(control, &stack)?;
    if stack == CONTAINER_STACK {
        let text = "Slugs of the container stack are images, which only builds make: push the app with its Dockerfile.";
        return Err(OpError::Invalid(text.to_owned()));
    }
    let upload = SlugUpload {
        id: new_id::<SlugId>(),
        app_id: app.id,
        stack,
        checksum: new.checksum.as_deref().map(digest_of_checksum).transpose()?,
        commit: new.commit,
        commit_description: new.commit_description,
        buildpack_provided_description: new.buildpack_provided_description,
        process_types: process_types(new.process_types)?,
        created_at: Utc::now(),
    };
    slug_uploads::create(control.db.pool(), &upload).await?;
    let made = slug_uploads::find(control.db.pool(), upload.id).await?;
    made.ok_or_else(|| OpError::not_found("slug"))
}

/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, app: &App, id: SlugId) -> Result<Found, OpError> {
    if let Some(slug) = slugs::find(control.db.pool(), app.id, id).await? {
        return still_kept(control, slug).map(Found::Slug);
    }
    let upload = slug_uploads::find(control.db.pool(), id).await?.filter(|upload| upload.app_id == app.id);
    upload.map(Found::Upload).ok_or_else(|| OpError::not_found("slug"))
}

/// Of whatever app: the caller's URL is one that only this installation can have given out.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn by_id(control: &Control, id: SlugId) -> Result<Slug, OpError> {
    let slug = slugs::by_id(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("slug"))?;
    still_kept(control, slug)
}

/// Which slugs there are, in a sentence.
pub(crate) fn what_is_kept(control: &Control) -> String {
    let kept = control.settings.retention.releases.max(1);
    format!("Only the slugs of an app's newest {kept} releases are kept (the server's setting PAAS_KEEP_RELEASES)")
}

fn still_kept(control: &Control, slug: Slug) -> Result<Slug, OpError> {
    match slug.collected_at {
        None => Ok(slug),
        Some(_) => Err(OpError::NotFound {
            resource: "slug",
            message: format!("Slug {} is not kept any more. {}.", slug.id, what_is_kept(control)),
        }),
    }
}

/// Whether a new slug's image is there, to be asked under its app's lock: another slug's that was collected meanwhile may have
/// been the same.
///
/// # Errors
/// [`OpError::Unavailable`]: it is to be made again.
pub(crate) async fn require_image(control: &Control, image: &str) -> Result<(), OpError> {
    if in_time(control.registry.digest_of_image(image)).await?.is_some() {
        return Ok(());
    }
    let what = format!("{image} was collected while it was made");
    Err(OpError::Unavailable("the image registry", what.into()))
}

/// What the registry says, while an app is locked: a registry that hangs must not hold its releases up.
///
/// # Errors
/// [`OpError::Unavailable`].
pub(crate) async fn in_time<T>(asked: impl Future<Output = Result<T, BuilderError>>) -> Result<T, OpError> {
    let answered = timeout(REGISTRY_TIMEOUT, asked).await;
    let late = |error: Elapsed| OpError::Unavailable("the image registry", error.into());
    Ok(answered.map_err(late)??)
}

/// Takes a slug's archive as it comes, and makes the slug. May be repeated with the same archive: an answer may get lost. The
/// caller's URL is one that only this installation can have given out.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`] for an archive that no slug can be made of; [`OpError::Conflict`] when another
/// was uploaded.
pub async fn upload(
    control: &Control,
    id: SlugId,
    archive: impl Stream<Item = io::Result<Bytes>> + Send,
) -> Result<(), OpError> {
    let upload = slug_uploads::find(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("slug"))?;
    let builder = &control.builder;
    let stored = builder.store_slug(upload.app_id, &upload.stack, archive, upload.checksum.as_deref()).await;
    let stored = stored.map_err(|error| OpError::input("The slug cannot be taken", error))?;
    let mut tx = control.db.begin().await?;
    apps::lock(&mut tx, upload.app_id).await?;
    require_image(control, &stored.image).await?;
    slug_uploads::lock(&mut tx, id).await?.ok_or_else(|| OpError::not_found("slug"))?;
    match slugs::by_id(&mut *tx, id).await? {
        Some(slug) if slug.digest == slugs::digest(&stored.layers) => return Ok(()),
        Some(_) => {
            return Err(OpError::Conflict("Another archive was uploaded for this slug: make a new one.".to_owned()));
        }
        None => {}
    }
    let slug = slugs::NewSlug {
        id,
        app_id: upload.app_id,
        stack: upload.stack,
        layers: stored.layers,
        image: stored.image,
        commit: upload.commit,
        commit_description: upload.commit_description,
        buildpack_provided_description: upload.buildpack_provided_description,
        process_types: upload.process_types,
    };
    slugs::create(&mut *tx, &slug).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(())
}

fn process_types(given: BTreeMap<String, String>) -> Result<BTreeMap<ProcessType, String>, OpError> {
    if given.is_empty() || given.len() > MAX_TYPES {
        return Err(OpError::Invalid(format!("process_types must name 1 to {MAX_TYPES} types, with their commands.")));
    }
    let parsed = given.into_iter().map(|(kind, command)| {
        let kind = ProcessType::parse(&kind).map_err(OpError::invalid)?;
        if command.trim().is_empty() || command.len() > MAX_COMMAND || command.contains('\0') {
            return Err(OpError::Invalid(format!(
                "The command of {kind} is empty, too long, or has a NUL byte in it."
            )));
        }
        Ok((kind, command))
    });
    parsed.collect()
}
