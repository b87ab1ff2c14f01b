use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use paas_model::{HostFault, HostId, HostState, PoolId};

use crate::{Host, Offer, Policy, Pool, amount::Amount, audience::Audience, policy::after, store::Store};

/// So many hosts must be lost for it to be likelier that we are cut off than that they are.
const OUTAGE_FROM: usize = 3;

/// Prices this close count as equal, in percent: hosts are then spread over zones.
const SAME_PRICE_PERCENT: u64 = 110;

/// The hosts of all pools, and what the plan has done about them so far.
#[derive(Debug)]
pub(crate) struct Fleet<'a> {
    pub(crate) musters: BTreeMap<PoolId, Muster<'a>>,
    /// Most hosts do not answer. It is hardly they who failed, so none is given up.
    pub(crate) is_outage: bool,
}

/// The hosts of one pool by what may be done with them.
#[derive(Debug)]
pub(crate) struct Muster<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) audience: Audience,
    /// Asked for, and in time.
    pub(crate) coming: Vec<&'a Host>,
    /// Asked for, and given up.
    pub(crate) late: Vec<&'a Host>,
    pub(crate) ready: Vec<&'a Host>,
    /// Ready still, and about to be taken away.
    pub(crate) interrupted: Vec<&'a Host>,
    pub(crate) draining: Vec<&'a Host>,
    pub(crate) lost: Vec<&'a Host>,
    /// What this plan launches.
    pub(crate) launched: Vec<&'a Offer>,
    /// What this plan makes ready again.
    pub(crate) undrained: BTreeSet<HostId>,
}

impl<'a> Fleet<'a> {
    pub(crate) fn new(store: &'a Store, policy: &Policy, now: DateTime<Utc>) -> Self {
        let mut musters: BTreeMap<_, _> = store.pools.iter().map(|(id, pool)| (*id, Muster::new(pool))).collect();
        for host in store.hosts() {
            let Some(muster) = host.pool.and_then(|pool| musters.get_mut(&pool)) else { continue };
            let list = match host.state {
                HostState::Requested | HostState::Launching | HostState::Joining => {
                    match after(host.since, policy.join_timeout) > now {
                        true => &mut muster.coming,
                        false => &mut muster.late,
                    }
                }
                HostState::Ready if host.interrupted => &mut muster.interrupted,
                HostState::Ready => &mut muster.ready,
                HostState::Draining => &mut muster.draining,
                HostState::Lost => &mut muster.lost,
                HostState::Terminating | HostState::Gone => continue,
            };
            list.push(host);
        }
        let unreachable = |host: &&Host| host.state == HostState::Lost && host.fault != Some(HostFault::MachineGone);
        let lost = store.hosts().filter(unreachable).count();
        Self { musters, is_outage: lost >= OUTAGE_FROM && lost * 2 > store.hosts().len() }
    }

    /// Whether one more host may be asked for now.
    pub(crate) fn may_launch(&self, muster: &Muster<'_>, now: DateTime<Utc>) -> bool {
        !self.is_full(muster) && muster.pool.launch_after.is_none_or(|at| at <= now)
    }

    pub(crate) fn is_full(&self, muster: &Muster<'_>) -> bool {
        // Hosts that are lost for good make room for others. While most are, they may all come back.
        let lost = if self.is_outage { muster.lost.len() } else { 0 };
        muster.held() + lost >= muster.pool.max_hosts as usize
    }
}

impl<'a> Muster<'a> {
    fn new(pool: &'a Pool) -> Self {
        Self {
            pool,
            audience: Audience::of_host(&pool.labels),
            coming: Vec::new(),
            late: Vec::new(),
            ready: Vec::new(),
            interrupted: Vec::new(),
            draining: Vec::new(),
            lost: Vec::new(),
            launched: Vec::new(),
            undrained: BTreeSet::new(),
        }
    }

    /// Hosts that count towards the maximum.
    pub(crate) fn held(&self) -> usize {
        let draining = self.draining.iter().filter(|host| !host.interrupted).count();
        self.coming.len() + self.ready.len() + draining + self.launched.len()
    }

    /// Hosts that count towards the minimum: those that run dynos or will.
    pub(crate) fn usable(&self) -> usize {
        self.coming.len() + self.ready.len() + self.launched.len() + self.undrained.len()
    }

    pub(crate) fn is_growing(&self) -> bool {
        !self.coming.is_empty() || !self.launched.is_empty() || !self.undrained.is_empty()
    }

    /// Ready hosts that are to be replaced.
    pub(crate) fn outdated(&self) -> impl Iterator<Item = &'a Host> {
        self.ready.iter().copied().filter(|host| self.pool.is_outdated(host))
    }

    /// Hosts that the plan drains and may make ready again: it did so only to save them.
    pub(crate) fn reprievable(&self) -> impl Iterator<Item = &'a Host> {
        let too_many = self.held() > self.pool.max_hosts as usize;
        let reprievable = move |host: &&Host| {
            !too_many
                && !host.interrupted
                && !host.drain_requested
                && !self.pool.is_outdated(host)
                && !self.undrained.contains(&host.id)
        };
        self.draining.iter().copied().filter(reprievable)
    }

    /// The best offer by what it costs to have `fitting` of each on board, in MiB; `None`: no offer takes anything.
    pub(crate) fn best_offer(&self, fitting: impl Fn(Amount) -> i64) -> Option<(OfferScore<'a>, &'a Offer)> {
        let priced: Vec<_> = self
            .pool
            .offers
            .iter()
            .filter_map(|offer| {
                let mb = u64::try_from(fitting(Amount::of_offer(offer))).ok().filter(|mb| *mb > 0)?;
                Some((offer.price_micros_per_hour.saturating_mul(1_024) / mb, offer))
            })
            .collect();
        let cheapest = priced.iter().map(|(price, _)| *price).min()?;
        let near = priced.into_iter().filter(|(price, _)| *price <= cheapest.saturating_mul(SAME_PRICE_PERCENT) / 100);
        let scores = near.map(|(price, offer)| {
            let score = OfferScore {
                in_zone: self.in_zone(&offer.zone),
                price,
                instance_type: &offer.instance_type,
                zone: &offer.zone,
                spot: !offer.spot,
            };
            (score, offer)
        });
        scores.min_by(|a, b| a.0.cmp(&b.0)).map(|(mut score, offer)| {
            score.in_zone = 0;
            (score, offer)
        })
    }

    fn in_zone(&self, zone: &str) -> usize {
        let hosts = self.coming.iter().chain(&self.ready).filter(|host| host.zone == zone).count();
        hosts + self.launched.iter().filter(|offer| offer.zone == zone).count()
    }
}

/// How good an offer is among those of about the same price; the least one is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OfferScore<'a> {
    /// Hosts of the pool in its zone.
    in_zone: usize,
    /// Millionths of a dollar an hour for each GiB that it would carry.
    price: u64,
    instance_type: &'a str,
    zone: &'a str,
    /// False first.
    spot: bool,
}
