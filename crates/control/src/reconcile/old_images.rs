//! Removes the images of old releases from one host, so that its disk does not fill up with them.
//!
//! What the host keeps: the image of every dyno that it has, and those of the newest releases of each app that has (or lately
//! had) dynos there. Only apps' images are looked at: the stacks', and whatever else the registry has, stay. Should one that
//! was removed be wanted after all, it is pulled again.

use std::time::Duration;

use paas_builder::APP_IMAGE_LABEL;
use paas_db::dynos;
use tokio::sync::RwLockWriteGuard;

use super::dyno::Context;
use crate::{OpError, error::chain};

/// As the builder names them: `HOST/apps/APP_ID`.
const APP_IMAGES: &str = "apps";
/// Of builds of Dockerfiles.
const KEEP_STEPS: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const STEPS_AT_A_TIME: usize = 50;
/// A rollback to the release before finds its image in place.
pub(crate) const NEWEST: u32 = 2;
/// Between two at a time dynos start.
const AT_A_TIME: usize = 4;
/// While dynos start, nothing is removed; this much later there may be a moment.
const RETRY: Duration = Duration::from_secs(5);
/// After so many without one, dynos wait until it has been: a full disk would stop them all.
const TRIES: u32 = 60;
/// And no longer than this at a time: a pull that hangs must not hold up all others.
const WAIT: Duration = Duration::from_secs(30);
/// Executors that a controller starts at the same time do not all begin with this.
const MAX_DELAY: Duration = Duration::from_secs(120);

/// Never returns.
pub(super) async fn run(context: &Context) {
    let every = context.control.settings.prune_images_every;
    tokio::time::sleep(MAX_DELAY.min(every).mul_f64(f64::from(context.host.uuid().as_bytes()[15]) / 256.0)).await;
    let mut tries = 0;
    loop {
        let Some(alone) = alone(context, tries).await else {
            tries += 1;
            tokio::time::sleep(RETRY.min(every)).await;
            continue;
        };
        let removed = prune(context).await;
        drop(alone);
        tries = 0;
        match removed {
            Ok(0) => tokio::time::sleep(every).await,
            Ok(count) => tracing::info!(host.id = %context.host, count, "removed images of old releases from a host"),
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(host.id = %context.host, error, "images of old releases cannot be removed from a host");
                tokio::time::sleep(every).await;
            }
        }
    }
}

/// From here on no dyno gets an image, so that the rows name all that are in use. `None`: one does just now.
async fn alone(context: &Context, tries: u32) -> Option<RwLockWriteGuard<'_, ()>> {
    match (tries + 1) % TRIES {
        0 => tokio::time::timeout(WAIT, context.images.write()).await.ok(),
        _ => context.images.try_write().ok(),
    }
}

/// How many it has removed.
async fn prune(context: &Context) -> Result<usize, OpError> {
    let keep = dynos::images_kept(context.control.db.pool(), context.host, NEWEST).await?;
    // Steps of Dockerfiles, which only make later builds quicker.
    let steps = context.engine.prune_app_images(APP_IMAGE_LABEL, KEEP_STEPS, STEPS_AT_A_TIME).await;
    if let Err(error) = steps {
        tracing::warn!(host.id = %context.host, error = chain(&error), "steps of old builds cannot be removed from a host");
    }
    let apps = format!("{}/{APP_IMAGES}", context.control.registry.host());
    Ok(context.engine.prune_images(&apps, &keep, AT_A_TIME).await?.len())
}
