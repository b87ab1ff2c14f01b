use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

use crate::PushTarget;

/// The pushes under way in this process, by the secret that each one's hook knows. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Pushes(Arc<Mutex<HashMap<String, Arc<Push>>>>);

/// One `git receive-pack`.
#[derive(Debug)]
pub(crate) struct Push {
    pub target: Arc<dyn PushTarget>,
    pub since: Instant,
    /// `refs/heads/main` or `master`, once its build has succeeded.
    pub deployed: OnceLock<String>,
}

/// Keeps a push known until it is dropped.
pub(crate) struct Ticket {
    pushes: Pushes,
    secret: String,
    pub push: Arc<Push>,
}

impl Pushes {
    pub(crate) fn admit(&self, target: Arc<dyn PushTarget>) -> Ticket {
        let secret = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        let push = Arc::new(Push { target, since: Instant::now(), deployed: OnceLock::new() });
        self.lock().insert(secret.clone(), push.clone());
        Ticket { pushes: self.clone(), secret, push }
    }

    pub(crate) fn find(&self, secret: &str) -> Option<Arc<Push>> {
        self.lock().get(secret).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Push>>> {
        // Every statement under the lock leaves a whole map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.pushes.lock().remove(&self.secret);
    }
}

impl fmt::Debug for Pushes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pushes({})", self.lock().len())
    }
}
