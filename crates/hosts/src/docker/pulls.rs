//! Images that are being pulled: one pull for all who want the same, and few at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use tokio::sync::Semaphore;

use super::{connection::Connection, images};
use crate::EngineError;

/// Images pulled side by side on one host. The engine gets three layers of each at once; more only makes all of them late.
const AT_ONCE: usize = 3;

type Pull = BoxFuture<'static, Result<(), Arc<EngineError>>>;

pub(super) struct Pulls {
    slots: Semaphore,
    running: Mutex<HashMap<String, WeakShared<Pull>>>,
}

impl Default for Pulls {
    fn default() -> Self {
        Self { slots: Semaphore::new(AT_ONCE), running: Mutex::default() }
    }
}

/// Goes on as long as anybody waits for it.
pub(super) async fn pull(connection: &Arc<Connection>, image: &str) -> Result<(), EngineError> {
    let pulled = connection.pulls.join(connection, image).await;
    pulled.map_err(|error| Arc::try_unwrap(error).unwrap_or_else(|error| error.for_another()))
}

impl Pulls {
    fn join(&self, connection: &Arc<Connection>, image: &str) -> Shared<Pull> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pull) = running.get(image).and_then(WeakShared::upgrade).filter(|pull| pull.peek().is_none()) {
            return pull;
        }
        let pull = begin(Arc::clone(connection), image.to_owned()).boxed().shared();
        running.retain(|_, pull| pull.upgrade().is_some());
        running.extend(pull.downgrade().map(|weak| (image.to_owned(), weak)));
        pull
    }
}

async fn begin(connection: Arc<Connection>, image: String) -> Result<(), Arc<EngineError>> {
    if images::has(&connection, &image).await? {
        return Ok(());
    }
    let _slot = connection.pulls.slots.acquire().await;
    Ok(images::pull(&connection, &image).await?)
}
