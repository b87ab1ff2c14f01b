//! Log drains, shared out among the controllers that are alive as hosts are: each takes its share by lease and has one delivery
//! for each drain that it holds.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use paas_db::{Topic, controllers, log_drains, log_drains::LogDrain};
use paas_logs::Drains;
use paas_model::{ControllerId, DrainId};
use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::hosts::share;
use crate::{Control, OpError, error::chain};

const RETRY: Duration = Duration::from_secs(1);
/// From one look for new lines to the next at least: apps write all the time, and one look is for all drains.
const PACE: Duration = Duration::from_millis(100);

pub(super) async fn run(control: Control, id: ControllerId, stop: CancellationToken) {
    let drains = match Drains::new(control.db.clone(), control.logs.clone(), &control.settings.drains) {
        Ok(drains) => drains,
        Err(error) => {
            return tracing::error!(%error, "no log drain is served: the system's certificates cannot be read");
        }
    };
    let mut lines = control.changes.subscribe(&[Topic::LogLines]);
    let mut changes = control.changes.subscribe(&[Topic::LogDrains]);
    let mut shared_out = None::<Instant>;
    let mut controller = Controller { control, id, drains, held: BTreeMap::new() };
    let mut failing = false;
    while !stop.is_cancelled() {
        let every = controller.control.settings.host_lease / 3;
        let result = match shared_out {
            Some(last) if last.elapsed() < every => controller.wake().await,
            _ => controller.share_out().await.map(|()| shared_out = Some(Instant::now())),
        };
        let pause = match result {
            Ok(()) => {
                failing = false;
                every
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(error = chain(&error), "log drains cannot be shared out; deliveries go on");
                }
                RETRY
            }
        };
        let woken = async {
            tokio::select! {
                () = lines.changed() => sleep(PACE).await,
                () = changes.changed() => shared_out = None,
                () = sleep(pause) => {}
            }
        };
        stop.run_until_cancelled(woken).await;
    }
    controller.keep_only(|_| false).await;
    if let Err(error) = log_drains::let_go(controller.control.db.pool(), id, None).await {
        tracing::warn!(error = chain(&error), "log drains cannot be given up; their leases run out");
    }
}

struct Controller {
    control: Control,
    id: ControllerId,
    drains: Drains,
    held: BTreeMap<DrainId, Held>,
}

struct Held {
    news: Arc<Notify>,
    delivery: JoinHandle<()>,
}

impl Controller {
    async fn share_out(&mut self) -> Result<(), OpError> {
        let (db, lease) = (self.control.db.clone(), self.control.settings.host_lease);
        let mut mine = log_drains::extend(db.pool(), self.id, lease).await?;
        self.keep_only(|id| mine.contains(&id)).await;
        let share = share(log_drains::count(db.pool()).await?, controllers::alive(db.pool(), lease).await?);
        let excess = mine.split_off(share.min(mine.len()));
        if !excess.is_empty() {
            self.keep_only(|id| !excess.contains(&id)).await;
            log_drains::let_go(db.pool(), self.id, Some(&excess)).await?;
        }
        let room = i64::try_from(share - mine.len()).unwrap_or(0);
        // Those whose delivery ended by itself.
        mine.retain(|id| !self.held.contains_key(id));
        if !mine.is_empty() {
            for drain in log_drains::held(db.pool(), db.vault(), self.id, &mine).await? {
                self.serve(drain);
            }
        }
        if room > 0 {
            for drain in log_drains::claim(db.pool(), db.vault(), self.id, lease, room).await? {
                self.serve(drain);
            }
        }
        Ok(())
    }

    /// Wakes the deliveries that have something to send: one look for all of them.
    async fn wake(&self) -> Result<(), OpError> {
        if self.held.is_empty() {
            return Ok(());
        }
        for id in log_drains::behind(self.control.db.pool(), self.id).await? {
            if let Some(held) = self.held.get(&id) {
                held.news.notify_one();
            }
        }
        Ok(())
    }

    fn serve(&mut self, drain: LogDrain) {
        let (drains, id) = (self.drains.clone(), self.id);
        self.held.entry(drain.id).or_insert_with(|| {
            let news = Arc::new(Notify::new());
            let delivery = tokio::spawn(drains.deliver(drain, id, Arc::clone(&news)));
            Held { news, delivery }
        });
    }

    /// Ends all other deliveries, and forgets those that ended by themselves. Cutting one off loses nothing: its cursor has not
    /// moved.
    async fn keep_only(&mut self, keep: impl Fn(DrainId) -> bool) {
        let gone: Vec<_> = self
            .held
            .iter()
            .filter(|(id, held)| held.delivery.is_finished() || !keep(**id))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            if let Some(held) = self.held.remove(&id) {
                held.delivery.abort();
                // Waited for, so that the next one does not meet it.
                if let Err(error) = held.delivery.await
                    && error.is_panic()
                {
                    tracing::error!(drain.id = %id, %error, "a drain's delivery panicked");
                }
            }
        }
    }
}
