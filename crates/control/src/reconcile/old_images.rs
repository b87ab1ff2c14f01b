//! Removes the images of old releases from one host, so that its disk does not fill up with them.
//!
//! What the host keeps: the image of every dyno that it has, those of the newest releases of each app that has (or lately
//! had) dynos there, and the stacks', which root shells run in. Build images have other names, and stay. Should one that was
//! removed be wanted after all, it is pulled again.

use std::time::Duration;

use paas_db::dynos;

use super::dyno::Context;
use crate::{OpError, error::chain};

/// A rollback to the release before finds its image in place.
const NEWEST: u32 = 2;
/// While dynos start, nothing is removed; this much later there may be a moment.
const RETRY: Duration = Duration::from_secs(5);

/// Never returns.
pub(super) async fn run(context: &Context) {
    let every = context.control.settings.prune_images_every;
    loop {
        let pause = match turn(context).await {
            Ok(true) => every,
            Ok(false) => RETRY.min(every),
            Err(error) => {
                tracing::debug!(host.id = %context.host, error = chain(&error), "old images stay for now");
                every
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// False: not now.
async fn turn(context: &Context) -> Result<bool, OpError> {
    // From here on no dyno gets an image, so that the rows name all that are in use.
    let Ok(_alone) = context.images.try_write() else { return Ok(false) };
    let (control, registry) = (&context.control, &context.control.registry);
    let mut keep = dynos::images_kept(control.db.pool(), context.host, NEWEST).await?;
    keep.extend(control.settings.stacks.iter().map(|stack| stack.published(registry)));
    let removed = context.engine.prune_images(registry.host(), &keep).await?;
    if !removed.is_empty() {
        tracing::info!(host.id = %context.host, count = removed.len(), "removed images of old releases from a host");
    }
    Ok(true)
}
