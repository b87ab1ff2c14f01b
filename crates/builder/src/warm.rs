//! Containers that wait for builds. After an app's build, one is made for its next: with the cache that the build left
//! unpacked in it, and then frozen. A build that finds the one that was made for just that takes it over, by its name, and
//! has neither a container to make nor a cache to unpack.
//!
//! They are of no consequence. Whoever finds none makes a container; anybody may remove one at any time.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use futures::StreamExt;
use paas_hosts::{ContainerName, ContainerStatus, Engine, EngineError};
use paas_model::{AppId, BuildId, HostId};
use tokio_util::sync::CancellationToken;

use crate::{Builder, BuilderError, attempt::watch_disk, sandbox::Ground};

/// What the script prints when it waits for a build.
pub(crate) const WAITS: &[u8] = b"\x1ebuild waits\n";

/// A cache that takes longer to unpack is unpacked by the build.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// From when on nobody is expected to push again soon.
const KEPT: Duration = Duration::from_secs(60 * 60);

const PREFIX: &str = "warm-";

/// Labels: what it was made of, by [`Ground::key`]; for which app; on which host of whose installation; when, in seconds
/// since 1970.
const KEY: &str = "paas.warm";
const APP: &str = "paas.warm.app";
const HOST: &str = "paas.warm.host";
const MADE: &str = "paas.warm.made";

/// For which build to get a container ready.
#[derive(Debug, Clone)]
pub struct WarmRequest {
    /// The build that it is to come after.
    pub after: BuildId,
    pub app_id: AppId,
    /// Name of one of the configured stacks.
    pub stack: String,
    /// What the build gave as [`crate::Built::cache_digest`].
    pub cache_digest: Option<String>,
    pub host: HostId,
}

/// A container that waits for a build, or is to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WarmContainer {
    made: u64,
    pub app_id: AppId,
    pub name: ContainerName,
    is_ready: bool,
}

impl Builder {
    /// Makes a container for the app's next build, up to where it waits for it. None is left behind that does not.
    ///
    /// # Errors
    /// [`BuilderError::Engine`]; [`BuilderError::Registry`].
    pub async fn warm(
        &self,
        engine: &dyn Engine,
        request: &WarmRequest,
        cancel: &CancellationToken,
    ) -> Result<(), BuilderError> {
        let name = ContainerName(format!("{PREFIX}{}", request.after));
        let warmed = cancel.run_until_cancelled(self.make_warm(engine, &name, request)).await;
        if !matches!(warmed, Some(Ok(true))) {
            engine.remove(&name).await.map_err(BuilderError::engine("remove what was to wait for a build"))?;
        }
        warmed.map_or(Ok(()), |warmed| warmed.map(drop))
    }

    /// Whether it waits now.
    async fn make_warm(
        &self,
        engine: &dyn Engine,
        name: &ContainerName,
        request: &WarmRequest,
    ) -> Result<bool, BuilderError> {
        let stack = self.stack(&request.stack)?;
        let ground = Ground::new(&self.config, stack, request.app_id, request.cache_digest.as_deref()).await?;
        let failed = BuilderError::engine;
        let key = ground.key(engine).await.map_err(failed("look at the stack's image"))?;
        let labels = BTreeMap::from([
            ("paas".to_owned(), "build".to_owned()),
            (KEY.to_owned(), key),
            (APP.to_owned(), request.app_id.to_string()),
            (HOST.to_owned(), request.host.to_string()),
            (MADE.to_owned(), now().to_string()),
        ]);
        engine.create(name, &ground.spec(labels)).await.map_err(failed("make what is to wait for a build"))?;
        let parts = ground.parts(&self.registry).await?.chain(futures::stream::iter([Ok(vec![0; 1024].into())]));
        engine.upload(name, "/", Box::pin(parts)).await.map_err(failed("fill what is to wait for a build"))?;
        engine.start(name).await.map_err(failed("start what is to wait for a build"))?;
        let waits = async {
            let mut logs = engine.logs(name, None).await?;
            while let Some(chunk) = logs.next().await {
                if chunk?.bytes == WAITS {
                    return match engine.freeze(name).await {
                        // The machine cannot do it: nothing can wait there.
                        Err(EngineError::Refused { .. }) => Ok(false),
                        frozen => frozen.map(|()| true),
                    };
                }
            }
            Ok(false)
        };
        tokio::select! {
            waits = waits => waits.map_err(failed("get a container ready for a build")),
            full = watch_disk(engine, name, self.config.limits.disk_bytes) => full.map(|()| false),
            () = tokio::time::sleep(TIME_LIMIT) => Ok(false),
        }
    }
}

/// Gives the container that waits for a build of just this the build's name, if there is one. It is frozen still.
///
/// # Errors
/// Those of the engine; it may have the name nevertheless.
pub(crate) async fn take(engine: &dyn Engine, ground: &Ground<'_>, name: &ContainerName) -> Result<bool, EngineError> {
    for container in engine.list(KEY, &ground.key(engine).await?).await? {
        if WarmContainer::of(&container).is_none_or(|warm| !warm.is_ready) {
            continue;
        }
        match engine.rename(&container.name, name).await {
            // Removed meanwhile.
            Err(EngineError::NoSuchContainer(_)) => {}
            renamed => return renamed.map(|()| true),
        }
    }
    Ok(false)
}

impl WarmContainer {
    /// Those of a host.
    ///
    /// # Errors
    /// Those of [`Engine::list`].
    pub async fn list(engine: &dyn Engine, host: HostId) -> Result<Vec<Self>, EngineError> {
        let containers = engine.list(HOST, &host.to_string()).await?;
        Ok(containers.iter().filter_map(Self::of).collect())
    }

    /// Those of a host's that only take its disk: all but the newest of each of the `keep` apps that were built last.
    #[must_use]
    pub fn surplus(warm: Vec<Self>, keep: usize) -> Vec<Self> {
        surplus(warm, keep, now())
    }

    /// Whether it is so old that nobody looks after it: its host or its whole installation may be gone.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        now().saturating_sub(self.made) > 2 * KEPT.as_secs()
    }

    /// `None`: a build's.
    #[must_use]
    pub fn of(container: &ContainerStatus) -> Option<Self> {
        let ContainerStatus { name, labels, .. } = container;
        name.0.strip_prefix(PREFIX)?;
        Some(Self {
            made: labels.get(MADE)?.parse().ok()?,
            app_id: labels.get(APP)?.parse().ok()?,
            name: name.clone(),
            is_ready: container.is_frozen,
        })
    }
}

/// One that is not ready may be about to be.
fn surplus(mut warm: Vec<WarmContainer>, keep: usize, now: u64) -> Vec<WarmContainer> {
    warm.sort_unstable_by(|one, other| other.cmp(one));
    let mut apps = BTreeSet::new();
    warm.retain(|container| {
        // A clock may have been set back meanwhile.
        let age = Duration::from_secs(now.abs_diff(container.made));
        let is_of_use = age < KEPT && (container.is_ready || age < TIME_LIMIT * 2);
        !is_of_use || apps.contains(&container.app_id) || apps.len() == keep || !apps.insert(container.app_id)
    });
    warm
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000;

    fn warm(app: u8, age: u64, is_ready: bool) -> WarmContainer {
        let app_id = format!("00000000-0000-7000-8000-0000000000{app:02}").parse().unwrap();
        WarmContainer { made: NOW - age, app_id, name: ContainerName(format!("{PREFIX}{app}-{age}")), is_ready }
    }

    fn goes(warm: &[WarmContainer], keep: usize) -> Vec<String> {
        surplus(warm.to_vec(), keep, NOW).into_iter().map(|warm| warm.name.0).collect()
    }

    #[test]
    fn the_newest_of_the_last_apps_stays() {
        let all = [warm(1, 30, true), warm(2, 20, true), warm(1, 10, true), warm(3, 40, true)];
        assert_eq!(goes(&all, 3), ["warm-1-30"]);
        assert_eq!(goes(&all, 2), ["warm-1-30", "warm-3-40"]);
        assert_eq!(goes(&all, 0).len(), 4);
    }

    #[test]
    fn what_is_old_or_never_got_ready_goes() {
        let hour = 60 * 60;
        assert_eq!(goes(&[warm(1, hour - 1, true), warm(2, hour, true)], 9), [format!("warm-2-{hour}")]);
        assert_eq!(goes(&[warm(1, 100, false), warm(2, 121, false)], 9), ["warm-2-121"]);
        assert_eq!(goes(&[warm(1, 0, true), WarmContainer { made: NOW + hour, ..warm(1, 1, true) }], 9), ["warm-1-1"]);
        // Nor does it stand in another's place.
        assert_eq!(goes(&[warm(1, 200, false), warm(1, 300, true)], 1), ["warm-1-200"]);
    }
}
