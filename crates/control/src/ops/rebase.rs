//! Newer run images of stacks, under the slugs that there are: no build, a release like any other.

use futures::{StreamExt, TryStreamExt, stream};
use paas_builder::{Base, BuilderError, CONTAINER_STACK};
use paas_db::{
    DbError,
    accounts::Account,
    apps,
    apps::App,
    new_id, releases,
    releases::Release,
    slugs,
    slugs::{RunningSlug, Slug},
};
use paas_model::{SlugId, describe};

use super::releases::{NewReleaseOf, announce, insert};
use crate::{Control, OpError};

/// What an app's current release stands on.
#[derive(Debug, Clone)]
pub struct Standing {
    pub running: RunningSlug,
    /// `None`: its stack is none of this server's any more.
    pub base: Option<Base>,
}

/// The release that was made; `None`: it stands on the newest already.
#[derive(Debug, Clone)]
pub struct Rebased {
    pub standing: Standing,
    pub release: Option<Release>,
}

/// Apps that are looked at side by side: each takes a few requests to the registry.
const LOOKS: usize = 8;

/// What each app to which anything was deployed stands on, by the app's name. Images of Dockerfiles are left out: they name
/// what they stand on themselves.
///
/// # Errors
/// [`OpError::Conflict`] while a stack's image is not in the registry yet; [`OpError::Unavailable`].
pub async fn all(control: &Control) -> Result<Vec<Standing>, OpError> {
    let mut running = slugs::running(control.db.pool(), None).await?;
    running.retain(|running| running.slug.stack != CONTAINER_STACK);
    stream::iter(running).map(|running| look(control, running)).buffered(LOOKS).try_collect().await
}

/// # Errors
/// As [`all`]; [`OpError::Invalid`] before the first deploy, and for the image of a Dockerfile.
pub async fn of_app(control: &Control, app: &App) -> Result<Standing, OpError> {
    let running = slugs::running(control.db.pool(), Some(app.id)).await?.pop();
    let nothing = || OpError::Invalid(format!("Nothing was deployed to {} yet.", app.name));
    let running = running.ok_or_else(nothing)?;
    if running.slug.stack == CONTAINER_STACK {
        return Err(OpError::Invalid(format!(
            "{} runs the image of a Dockerfile, which names what it stands on: push it again to build it on a newer one.",
            app.name
        )));
    }
    look(control, running).await
}

/// Makes a release of the current one's slug on the newest run image of its stack; the old one keeps its image, and can be
/// rolled back to. Does nothing where the app stands on the newest.
///
/// # Errors
/// [`OpError::Invalid`] before the first deploy, for a stack that is none of this server's any more, and when the registry has
/// lost the slug; [`OpError::Conflict`] while a newer release is under way; [`OpError::Unavailable`].
pub async fn rebase(control: &Control, account: &Account, app: &App) -> Result<Rebased, OpError> {
    let standing = of_app(control, app).await?;
    let slug = &standing.running.slug;
    let Some(base) = &standing.base else {
        return Err(OpError::Invalid(format!(
            "The stack {} of {}'s current release is none of this server's any more. Set another with stacks:set and push.",
            slug.stack, app.name
        )));
    };
    if !base.is_outdated {
        return Ok(Rebased { standing, release: None });
    }
    let image = control.builder.rebase(app.id, &slug.stack, &slug.layers()).await;
    let image = image.map_err(|error| match error {
        BuilderError::NotFound(_) => OpError::Invalid(format!(
            "The slug of {}'s current release, {}, is not in the registry any more: push the app again.",
            app.name, standing.running.version
        )),
        other => other.into(),
    })?;
    let description = describe::rebase(&slug.stack, &base.newest);
    let mut tx = control.db.begin().await?;
    if !apps::lock(&mut tx, app.id).await? {
        return Err(OpError::not_found("app"));
    }
    super::slugs::require_image(control, &image).await?;
    let newest = releases::newest(&mut *tx, app.id).await?.ok_or_else(|| OpError::not_found("release"))?;
    let current = releases::current(&mut *tx, app.id).await?;
    if !newest.state.is_final() || current.is_none_or(|current| current.slug_id != Some(slug.id)) {
        return Err(OpError::Conflict(format!(
            "{}'s release {} is newer, and under way: try again when it is done.",
            app.name, newest.version
        )));
    }
    let app_now = apps::by_id(&mut *tx, app.id).await?.ok_or_else(|| OpError::not_found("app"))?;
    // Of its own, so that the old release goes on standing on the old image.
    let id = new_id::<SlugId>();
    slugs::create(&mut *tx, &copied(slug, id, image)).await?;
    let new = NewReleaseOf {
        slug_id: Some(id),
        config_id: app_now.config_id,
        build_id: None,
        description: description.clone(),
    };
    let made = insert(&mut tx, app.id, account.id, new).await?;
    tx.commit().await.map_err(DbError::from)?;
    control.logs.app_event(app.id, "api", format!("{description} by user {}", account.email));
    announce(control, &made, &account.email);
    let release = releases::by_id(control.db.pool(), made.id).await?;
    Ok(Rebased { release: Some(release.ok_or_else(|| OpError::not_found("release"))?), standing })
}

async fn look(control: &Control, running: RunningSlug) -> Result<Standing, OpError> {
    let slug = &running.slug;
    let base = match control.builder.base(slug.app_id, &slug.stack, &slug.layers(), &slug.image).await {
        Ok(base) => Some(base),
        Err(BuilderError::NoSuchStack(_)) => None,
        Err(BuilderError::NotFound(_)) => {
            return Err(OpError::Conflict(format!(
                "The image of the stack {} is not in the registry yet: try again when the server has made it.",
                slug.stack
            )));
        }
        Err(other) => return Err(other.into()),
    };
    Ok(Standing { running, base })
}

fn copied(slug: &Slug, id: SlugId, image: String) -> slugs::NewSlug {
    slugs::NewSlug {
        id,
        app_id: slug.app_id,
        stack: slug.stack.clone(),
        layers: slug.layers(),
        image,
        commit: slug.commit.clone(),
        commit_description: slug.commit_description.clone(),
        buildpack_provided_description: slug.buildpack_provided_description.clone(),
        process_types: slug.process_types.clone(),
    }
}
