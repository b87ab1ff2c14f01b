//! What pools can buy: the size and the price of the machine types that they name, as the provider says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use paas_db::pools::{Pool, Shortage};
use paas_hosts::{InstanceType, MachineError, Machines};
use paas_model::Purchase;
use paas_planner::Offer;
use tokio::{sync::Notify, time::Instant};

use crate::error::chain;

/// Prices and types change rarely.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);
/// A type that the provider does not know, or could not tell of just now.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// Of a machine's memory, how much its kernel leaves to the rest.
const USABLE_PERCENT: u32 = 95;

/// Remembered answers of the provider, so that a plan asks nobody. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    entries: Arc<Mutex<BTreeMap<String, Entry>>>,
    /// Somebody plans with what is known, and is told when that has changed.
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct Entry {
    asked_at: Instant,
    /// `None`: the provider does not have it, or does not answer.
    known: Option<InstanceType>,
}

impl Catalog {
    /// Asks the provider for the types that are not known, or not any more.
    pub(crate) async fn learn(&self, machines: &dyn Machines, types: &BTreeSet<String>) {
        for name in types {
            if !self.is_stale(name) {
                continue;
            }
            match machines.instance_type(name).await {
                Ok(known) => self.put(name, Some(known)),
                Err(error @ MachineError::Invalid { .. }) => {
                    tracing::warn!(instance_type = name, error = chain(&error), "there is no such type of machine");
                    self.put(name, None);
                }
                // What was known still holds.
                Err(error) => {
                    tracing::warn!(instance_type = name, error = chain(&error), "the provider cannot be asked");
                    let before = self.get(name);
                    self.put(name, before);
                }
            }
        }
    }

    /// Waits until some type was asked for the first time, or something else is known of it. What came before the call is
    /// not missed; one task waits. Cancel-safe.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// `None`: it is not known (yet).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<InstanceType> {
        self.lock().get(name)?.known.clone()
    }

    /// What can be had for the pool just now; nothing as long as some of its types were never asked for, since that one may
    /// be the best. `reserved_mb` of each machine is its system's.
    pub(crate) fn offers(&self, pool: &Pool, shortages: &[Shortage], reserved_mb: u32) -> Vec<Offer> {
        if !pool.instance_types.iter().all(|name| self.lock().contains_key(name)) {
            return Vec::new();
        }
        let kinds: &[bool] = match pool.purchase {
            Purchase::OnDemand => &[false],
            Purchase::Spot => &[true],
            Purchase::SpotFirst => &[true, false],
        };
        let mut offers = Vec::new();
        for known in pool.instance_types.iter().filter_map(|name| self.get(name)) {
            for zone in &pool.zones {
                for spot in kinds.iter().copied() {
                    let is_short = |it: &&Shortage| {
                        (it.pool_id, &it.instance_type, &it.zone, it.spot) == (pool.id, &known.name, zone, spot)
                    };
                    if shortages.iter().find(is_short).is_none() {
                        offers.push(Offer {
                            instance_type: known.name.clone(),
                            zone: zone.clone(),
                            spot,
                            memory_mb: (known.memory_mb / 100 * USABLE_PERCENT).saturating_sub(reserved_mb),
                            cpu_millis: known.cpu_millis,
                            price_micros_per_hour: known.price.map_or(0, |price| price.micros(spot)),
                        });
                    }
                }
            }
        }
        offers
    }

    fn is_stale(&self, name: &str) -> bool {
        self.lock().get(name).is_none_or(|entry| {
            let lasts = if entry.known.is_some() { ASK_AGAIN_AFTER } else { RETRY_AFTER };
            entry.asked_at.elapsed() >= lasts
        })
    }

    fn put(&self, name: &str, known: Option<InstanceType>) {
        let mut entries = self.lock();
        let is_news = entries.get(name).is_none_or(|before| before.known != known);
        entries.insert(name.to_owned(), Entry { asked_at: Instant::now(), known });
        drop(entries);
        if is_news {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        // Whole after any panic: every change is one call.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
