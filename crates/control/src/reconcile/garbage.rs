//! Collects what nothing keeps any more: marks slugs and sources, and has the registry forget the images of the slugs.
//!
//! What the rows say decides, and a row is written before the registry is asked: killed anywhere, the next turn goes on.
//! Layers, caches and sources themselves are bytes of the registry, which it, or whoever runs it, frees: see
//! `server/registry_sweep.rs` for the embedded one.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use paas_db::{DbError, apps, controllers, registry_garbage, registry_garbage::Garbage, slugs, sources};
use paas_model::{AppId, ControllerId};
use tokio_util::sync::CancellationToken;

use crate::{Control, OpError, crash_point, error::chain, ops::slugs::in_time};

/// A source is kept for so long after its last build: for whoever builds it once more.
const KEEP_SOURCES: TimeDelta = TimeDelta::hours(24);
/// Rows of one look.
const PAGE: i64 = 500;
/// An image that the registry does not delete waits for so long.
const RETRY: Duration = Duration::from_secs(10 * 60);
/// Images that it does not delete, after which it is left alone for this turn.
const FAILURES: usize = 3;
/// Bytes of the registry's words that are kept.
const MAX_ERROR: usize = 500;

pub(super) async fn run(control: Control, id: ControllerId, stop: CancellationToken) {
    loop {
        // Twice at once would do no harm. An unanswered question is a no: the next turn asks again.
        let lease = control.settings.host_lease;
        if controllers::is_eldest(control.db.pool(), id, lease).await.unwrap_or(false)
            && let Some(Err(error)) = stop.run_until_cancelled(Box::pin(turn(&control))).await
        {
            tracing::warn!(error = chain(&error), "garbage was not collected; it is tried again");
        }
        if stop.run_until_cancelled(tokio::time::sleep(control.settings.collect_every)).await.is_none() {
            return;
        }
    }
}

/// Marks what nothing keeps, then has the registry forget its images.
async fn turn(control: &Control) -> Result<(), OpError> {
    let (mut after, mut count) = (None, 0);
    loop {
        let page = slugs::apps_with_kept(control.db.pool(), after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        for app in page {
            count += mark(control, app).await?;
        }
    }
    if count > 0 {
        tracing::info!(count, "collected slugs of old releases");
    }
    let count = sources::collect(control.db.pool(), Utc::now() - KEEP_SOURCES).await?;
    if count > 0 {
        tracing::info!(count, "collected sources of builds that ended a day ago");
    }
    forget_images(control).await
}

/// Marks those of the app's slugs that nothing keeps. Gives how many.
async fn mark(control: &Control, app: AppId) -> Result<usize, OpError> {
    let retention = control.settings.retention;
    let unwanted = async |kept: Vec<slugs::Kept>| {
        let now = Utc::now();
        kept.into_iter().filter(|slug| !retention.keeps(&slug.uses, now)).collect::<Vec<_>>()
    };
    // Without the lock first: mostly there is nothing to do.
    if unwanted(slugs::kept(control.db.pool(), app).await?).await.is_empty() {
        return Ok(0);
    }
    let mut tx = control.db.begin().await?;
    if !apps::lock(&mut tx, app).await? {
        return Ok(0);
    }
    // No release of the app is made from here on.
    let unwanted = unwanted(slugs::kept(&mut *tx, app).await?).await;
    for slug in &unwanted {
        slugs::collect(&mut tx, slug.id).await?;
        registry_garbage::add_slugs(&mut tx, app, Some(slug.id)).await?;
    }
    crash_point!("garbage.before_mark");
    tx.commit().await.map_err(DbError::from)?;
    crash_point!("garbage.marked");
    Ok(unwanted.len())
}

async fn forget_images(control: &Control) -> Result<(), OpError> {
    let mut failures = 0;
    loop {
        let page = registry_garbage::due(control.db.pool(), PAGE).await?;
        if page.is_empty() {
            return Ok(());
        }
        for garbage in &page {
            if let Err(error) = forget_image(control, garbage).await {
                let text: String = chain(&error).chars().take(MAX_ERROR).collect();
                tracing::warn!(image = garbage.image, error = text, "the registry did not delete an image");
                registry_garbage::failed(control.db.pool(), &garbage.image, &text, RETRY).await?;
                failures += 1;
            }
            if failures >= FAILURES {
                return Ok(());
            }
        }
    }
}

/// Under the app's lock, which whoever makes a slug takes too before it looks whether its image is still there: two builds of
/// the same source make the same image.
async fn forget_image(control: &Control, garbage: &Garbage) -> Result<(), OpError> {
    let mut tx = control.db.begin().await?;
    apps::lock(&mut tx, garbage.app_id).await?;
    let digest = in_time(control.registry.digest_of_image(&garbage.image)).await?;
    if let Some(digest) = digest
        && !slugs::keep_manifest(&mut *tx, garbage.app_id, &digest).await?
    {
        in_time(control.registry.delete_image(&garbage.image)).await?;
        crash_point!("garbage.image_deleted");
    }
    registry_garbage::remove(&mut *tx, &garbage.image).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(())
}
