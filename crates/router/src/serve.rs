use std::{io, sync::Arc, thread};

use paas_db::{Changes, Db};
use paas_logs::Logs;
use tokio::{sync::oneshot, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Listeners, RouterConfig, RouterError,
    follow::Follower,
    listener::{ThreadListeners, accept},
    proxy::Proxy,
    snapshot::Snapshot,
    table::Routes,
    tls::Tls,
};

/// Routes requests until `stop`, then finishes those in flight (up to `timeouts.shutdown`) and returns.
///
/// Each thread of `listeners` is a runtime of its own, with its own connections to dynos. The table is followed on the
/// caller's runtime, where the database's connections live. Nothing is accepted before the first table is read: from the
/// database, or from the snapshot of an earlier router while that is away.
///
/// # Errors
/// [`RouterError::Thread`], [`RouterError::Panicked`].
pub async fn serve(
    listeners: Listeners,
    config: RouterConfig,
    db: Db,
    changes: Changes,
    logs: Logs,
    stop: CancellationToken,
) -> Result<(), RouterError> {
    let routes = Arc::new(Routes::new(&config.domain, listeners.threads.len()));
    let snapshot = config.snapshot.clone().map(Snapshot::new);
    let mut follower = Follower::new(db, &changes, Arc::clone(&routes), config.timeouts.pooled, snapshot);
    if stop.run_until_cancelled(follower.start()).await.is_none() {
        return Ok(());
    }
    // Followed to the end of the last request: dynos that stop meanwhile are waited for by others.
    let stop_following = CancellationToken::new();
    let follower = tokio::spawn(follower.run(stop_following.clone()));

    let tls = config.tls.clone().map(|own| Arc::new(Tls::new(own, Arc::clone(&routes))));
    let config = Arc::new(config);
    let mut threads = Vec::new();
    for (index, listeners) in listeners.threads.into_iter().enumerate() {
        let proxy = Arc::new(Proxy {
            routes: Arc::clone(&routes),
            tls: tls.clone(),
            timeouts: config.timeouts,
            logs: logs.clone(),
            thread: index,
            tasks: TaskTracker::new(),
        });
        threads.push(spawn_thread(index, listeners, proxy, Arc::clone(&config), stop.clone())?);
    }
    let mut result = Ok(());
    for ended in threads {
        if ended.await.is_err() {
            result = Err(RouterError::Panicked);
            stop.cancel();
        }
    }
    stop_following.cancel();
    let followed = follower.await.map_err(|_| RouterError::Panicked);
    result.and(followed)
}

/// The receiver fails if the thread panics.
fn spawn_thread(
    index: usize,
    listeners: ThreadListeners,
    proxy: Arc<Proxy>,
    config: Arc<RouterConfig>,
    stop: CancellationToken,
) -> Result<oneshot::Receiver<()>, RouterError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(RouterError::Thread)?;
    let (ended, watched) = oneshot::channel();
    let run = move || {
        go_first();
        runtime.block_on(run_thread(listeners, proxy, config, stop));
        // Nobody listens any more where `serve` itself was dropped.
        let _ = ended.send(());
    };
    let spawned: io::Result<_> = thread::Builder::new().name(format!("router-{index}")).spawn(run);
    spawned.map(|_| watched).map_err(RouterError::Thread)
}

/// Of this thread, and of those that it starts: before builds, the engine and all else that computes on this machine. Where it
/// may not be (it takes root or RLIMIT_NICE), it takes its turn.
fn go_first() {
    let _ = rustix::process::nice(-10);
}

async fn run_thread(listeners: ThreadListeners, proxy: Arc<Proxy>, config: Arc<RouterConfig>, stop: CancellationToken) {
    let sockets = listeners.http.into_iter().map(|socket| (socket, false));
    for (socket, secure) in sockets.chain(listeners.https.into_iter().map(|socket| (socket, true))) {
        let accepting = accept(socket, secure, Arc::clone(&proxy), Arc::clone(&config), stop.clone());
        proxy.tasks.spawn(accepting);
    }
    stop.cancelled().await;
    proxy.tasks.close();
    if timeout(config.timeouts.shutdown, proxy.tasks.wait()).await.is_err() {
        tracing::warn!(connections = proxy.tasks.len(), "stopping with requests in flight");
    }
}
