//! Slugs that were made elsewhere: a gzipped tar with everything under `./app` (Heroku: "Deploying slugs using the Platform
//! API"). The archive is written anew as it streams by, so that what runs is what a build could have made; a client's own
//! bytes are kept nowhere.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures::{Stream, StreamExt};
use paas_model::{AppId, SlugLayer};
use sha2::{Digest, Sha256};
use tokio::{
    sync::{Semaphore, mpsc},
    time::timeout,
};

use crate::{
    Builder, BuilderError, InputError,
    bridge::ChannelReader,
    layer::{Budget, EXPANSION, From, Repack, Stored},
    registry::{is_over_limit, limited},
    secrets::Secrets,
    transcript::human_size,
};

/// An archive, now a layer and a release image in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSlug {
    pub layers: Vec<SlugLayer>,
    /// As hosts pull it: `HOST/apps/APP_ID@sha256:…`.
    pub image: String,
}

/// How many are taken in side by side; others wait for their turn, and take nothing meanwhile but their connection.
static UPLOADS: Semaphore = Semaphore::const_new(8);
const UPLOAD_TIME: Duration = Duration::from_secs(15 * 60);
const SILENCE: Duration = Duration::from_secs(30);

impl Builder {
    /// Largest archive that is taken, in bytes.
    #[must_use]
    pub fn slug_limit(&self) -> u64 {
        self.config.limits.slug_bytes
    }

    /// Makes a slug of an archive. The same archive gives the same slug. `checksum`: the digest (`sha256:…`) that the archive
    /// must have.
    ///
    /// # Errors
    /// [`InputError::Refused`] for an archive that is none, is too large, or holds what no slug may;
    /// [`InputError::Infrastructure`] when the registry fails.
    pub async fn store_slug(
        &self,
        app: AppId,
        stack: &str,
        archive: impl Stream<Item = io::Result<Bytes>> + Send,
        checksum: Option<&str>,
    ) -> Result<StoredSlug, InputError> {
        // Each takes threads of its own, from its first byte on.
        let _turn = UPLOADS.acquire().await.map_err(|closed| InputError::Refused(closed.to_string()))?;
        timeout(UPLOAD_TIME, self.store_now(app, stack, archive, checksum)).await.unwrap_or_else(|_| {
            Err(InputError::Refused(format!("it did not arrive within {} minutes", UPLOAD_TIME.as_secs() / 60)))
        })
    }

    async fn store_now(
        &self,
        app: AppId,
        stack: &str,
        archive: impl Stream<Item = io::Result<Bytes>> + Send,
        checksum: Option<&str>,
    ) -> Result<StoredSlug, InputError> {
        let (stack, limit) = (self.stack(stack)?, self.slug_limit());
        let repository = format!("apps/{app}");
        let hash = Arc::new(Mutex::new(Sha256::new()));
        let (sender, receiver) = mpsc::channel(16);
        let feed = drain(Box::pin(limited(archive, limit)), sender, hash.clone());
        // The decoder reads as soon as it is made.
        let unpacked = move || MultiGzDecoder::new(ChannelReader::new(receiver)).take(limit.saturating_mul(EXPANSION));
        let repack = Repack {
            root: "app".to_owned(),
            from: From::Archive,
            budget: Budget::of_slug(limit),
            secrets: Secrets::default(),
            newest: None,
            is_last: true,
            taken: vec![],
        };
        let stored = repack.store_from(unpacked, feed, &self.registry, &repository).await;
        let layer = match stored {
            Ok(Stored::Layer(layer)) => layer,
            Ok(Stored::Refused { why }) => return Err(InputError::Refused(why)),
            Ok(Stored::TooLarge { .. }) => return Err(too_large(limit)),
            Err(BuilderError::Io { source, .. }) if is_over_limit(&source) => return Err(too_large(limit)),
            Err(BuilderError::Io { source, .. }) => {
                return Err(InputError::Refused(format!("it broke off ({source})")));
            }
            Err(other) => return Err(other.into()),
        };
        let digest = hash.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize();
        let digest = format!("sha256:{}", hex::encode(digest));
        if let Some(wanted) = checksum.filter(|wanted| *wanted != digest) {
            return Err(InputError::Refused(format!(
                "its checksum is {digest}, and the slug was announced with {wanted}"
            )));
        }
        let layers = vec![layer.slug];
        let image = self.images.write(&self.registry, stack, &repository, &layers).await?;
        Ok(StoredSlug { layers, image })
    }
}

/// Feeds the reader, and reads on when it has what it wants: the checksum is of all the bytes.
async fn drain(
    mut bytes: impl Stream<Item = io::Result<Bytes>> + Send + Unpin,
    sender: mpsc::Sender<Bytes>,
    hash: Arc<Mutex<Sha256>>,
) -> Result<(), BuilderError> {
    let mut wanted = true;
    while let Some(piece) = timeout(SILENCE, bytes.next()).await.unwrap_or_else(|_| Some(Err(silent()))) {
        let piece = piece.map_err(BuilderError::io("a slug's archive"))?;
        hash.lock().unwrap_or_else(PoisonError::into_inner).update(&piece);
        wanted = wanted && sender.send(piece).await.is_ok();
    }
    Ok(())
}

fn silent() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("nothing came for {} seconds", SILENCE.as_secs()))
}

fn too_large(limit: u64) -> InputError {
    InputError::Refused(format!("it is larger than {}, which is the most that a slug may have", human_size(limit)))
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    /// The clock runs as fast as it can while nothing happens.
    #[tokio::test(start_paused = true)]
    async fn an_archive_that_stops_coming_is_given_up() {
        let (sender, mut receiver) = mpsc::channel(16);
        let bytes = Box::pin(stream::iter([Ok(Bytes::from_static(b"begin"))]).chain(stream::pending()));
        let fed = drain(bytes, sender, Arc::default()).await;
        assert!(
            matches!(fed, Err(BuilderError::Io { source, .. }) if source.to_string() == "nothing came for 30 seconds")
        );
        assert_eq!(receiver.recv().await.unwrap(), "begin");
    }
}
