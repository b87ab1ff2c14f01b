//! Has one host fetch images before it needs them: those of releases that are made or under way, of apps that have dynos
//! there. When the plan switches a slot over, only the container is left to make. How many are fetched at once is the
//! engine's to limit.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use paas_db::{DbError, Topic, dynos};

use super::dyno::Context;
use crate::error::chain;

/// Should a wake-up get lost.
const TIMER: Duration = Duration::from_secs(60);

/// Never returns.
pub(super) async fn run(context: &Context) {
    let mut wake = context.control.changes.subscribe_on(context.host, Topic::Releases);
    let mut asked = BTreeSet::new();
    loop {
        if let Err(error) = turn(context, &mut asked).await {
            tracing::debug!(host.id = %context.host, error = chain(&error), "images are not fetched ahead");
        }
        wake.changed_or_after(TIMER).await;
    }
}

/// Asks once for each image: the dyno that needs it asks again, and says what is wrong.
async fn turn(context: &Context, asked: &mut BTreeSet<String>) -> Result<(), DbError> {
    let wanted: BTreeSet<_> = dynos::images_ahead(context.control.db.pool(), context.host).await?.into_iter().collect();
    let new: Vec<_> = wanted.difference(asked).cloned().collect();
    join_all(new.into_iter().map(|image| pull(context, image))).await;
    *asked = wanted;
    Ok(())
}

async fn pull(context: &Context, image: String) {
    if let Err(error) = context.engine.pull(&image).await {
        tracing::debug!(host.id = %context.host, image, error = chain(&error), "an image was not fetched ahead");
    }
}
