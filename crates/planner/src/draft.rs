//! From judgements of slots to a plan: who comes first, how fast a rollout goes, and what gives way in a full pool.
//!
//! Needs stand in line: commands (one-off and release-phase dynos), then slots in which nothing serves, then moves off
//! hosts that are taken away, then off hosts that drain, then slots in which an older dyno still serves. Within each,
//! every app's first dyno comes before any app's second, so a large formation cannot starve a small one; where there is
//! room for everyone, they come in the order that fills hosts best instead (`blend.rs`). All needs of one plan draw on
//! the same [`Room`], so they see each other.
//!
//! **Rollout.** Per type, as many slots as [`Policy::surge`] may be on their way to a newer dyno. The older one stops
//! once the newer one in its slot is up, so a release that never comes up leaves the older one serving.
//!
//! **Move.** Off a host that drains only while more dynos serve than [`Policy::min_up`] asks for (see `survey.rs`).
//!
//! **Full pool.** When no host has room for both, none will have as stopping dynos go, and no further host can be had
//! (`growth.rs`), a slot gives up its own older dyno first (`StopReason::MakesRoom`), one slot of a type at a time. It
//! does so only if
//! - that host then has room for the new one;
//! - the type has no dyno of the newest release that is still on its way or backing off;
//! - another dyno of the type serves, or the policy allows stop-first and no newest dyno of the type is crashed: the
//!   last dyno that serves is not given up for a release that crashes;
//! - nobody who stands further ahead in line would take the memory, or the whole pool is large enough for everyone.
//!
//! **Why this cannot deadlock** (while nothing crashes, on one host, or on many if dynos are of one size): let each
//! waiting slot i hold `h_i` of memory and need `d_i`. If none may go on, `free + h_i < d_i` for each of them. Summed up,
//! the desired formation is then larger than the pool. On many hosts with mixed sizes memory may be there but in pieces:
//! dynos that are right where they are are not moved to join the pieces; `NoCapacity` says so.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use paas_model::{AppId, HostId};

use crate::{
    Action, Dyno, Plan, Policy, StopReason, WaitReason, Waiting,
    amount::Amount,
    audience::Audience,
    blend::blend,
    demand::Demand,
    muster::Fleet,
    need::{Crew, Need, Rollout, Step},
    room::Room,
    slot::Pace,
    standing::Standings as _,
    store::Store,
};

#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) store: &'a Store,
    pub(crate) room: &'a mut Room,
    pub(crate) demand: &'a Demand,
    pub(crate) policy: &'a Policy,
    pub(crate) now: DateTime<Utc>,
    pub(crate) fleet: Fleet<'a>,
    pub(crate) rollouts: BTreeMap<Crew<'a>, Rollout>,
    pub(crate) needs: Vec<Need<'a>>,
    /// Moves that have to wait until enough others serve.
    held: Vec<Need<'a>>,
    /// Whether some dyno is about to change its state, so that another plan will be asked for soon.
    pub(crate) in_motion: bool,
    /// Apps that something has to be done for, or soon will have to.
    pub(crate) restless: BTreeSet<AppId>,
    pub(crate) plan: Plan,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(
        store: &'a Store,
        room: &'a mut Room,
        demand: &'a Demand,
        policy: &'a Policy,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            store,
            room,
            demand,
            policy,
            now,
            fleet: Fleet::new(store, policy, now),
            rollouts: BTreeMap::new(),
            needs: Vec::new(),
            held: Vec::new(),
            in_motion: false,
            restless: BTreeSet::new(),
            plan: Plan::default(),
        }
    }

    /// Finds a host for everything that was surveyed.
    pub(crate) fn place(&mut self) {
        let mut needs = std::mem::take(&mut self.needs);
        self.restless.extend(needs.iter().map(|need| need.crew.0));
        needs.sort_by(|a, b| a.rank().cmp(&b.rank()));
        // Hosts of one audience are nothing to the others, so each may have a line of its own.
        let mut lines: BTreeMap<_, Vec<Need<'a>>> = BTreeMap::new();
        for need in needs {
            lines.entry((!need.is_command(), need.pace, need.audience.clone())).or_default().push(need);
        }
        let in_order = lines.into_iter().flat_map(|((_, _, audience), line)| match self.has_room_for_all(&audience) {
            true => blend(line, Need::amount, self.room.average(&audience)),
            false => line,
        });
        let needs = in_order.collect();
        let unplaced = self.fill(needs);
        let stuck = self.await_room(unplaced);
        let stuck = self.grow(stuck);
        self.make_room(stuck);
    }

    pub(crate) fn finish(mut self) -> (Plan, BTreeSet<AppId>) {
        self.restless.extend(self.plan.waiting.iter().map(|waiting| waiting.app_id));
        let waiting = &mut self.plan.waiting;
        waiting.sort();
        waiting.dedup_by(|b, a| {
            let kind = |waiting: &Waiting| std::mem::discriminant(&waiting.reason);
            (a.app_id, &a.kind, kind(a)) == (b.app_id, &b.kind, kind(b))
        });
        (self.plan, self.restless)
    }

    /// Whether the hosts would have room for everything if all formations were complete.
    fn has_room_for_all(&self, audience: &Audience) -> bool {
        self.demand.of(audience).fits_in(self.room.total(audience))
    }

    /// Gives hosts to needs in the order of the line, and returns those that found none.
    fn fill(&mut self, needs: Vec<Need<'a>>) -> Vec<Need<'a>> {
        let mut unplaced = Vec::new();
        for need in needs {
            if !self.in_pace(&need) {
                continue;
            }
            if need.pace.is_move() && !self.can_spare(need.crew) {
                self.held.push(need);
                continue;
            }
            match self.choose(&need) {
                Some(host) => self.commit(&need, host),
                None => unplaced.push(need),
            }
        }
        unplaced
    }

    /// Lets needs wait, in the same order, for memory that is becoming free; returns those that it does not suffice for.
    fn await_room(&mut self, unplaced: Vec<Need<'a>>) -> Vec<Need<'a>> {
        let mut stuck = Vec::new();
        for need in unplaced {
            if self.in_pace(&need) && self.promise(&need) {
                self.expect(&need);
            } else {
                stuck.push(need);
            }
        }
        stuck
    }

    /// Stops older dynos where nothing else helps (see the top of this file), and says what cannot be helped at all.
    fn make_room(&mut self, mut stuck: Vec<Need<'a>>) {
        stuck.sort_by(|a, b| a.rank().cmp(&b.rank()));
        // The least memory that somebody ahead in line would take.
        let mut taken_from: BTreeMap<Audience, i64> = BTreeMap::new();
        for need in stuck {
            let amount = need.amount();
            if need.stands_in() {
                self.move_without_stand_in(&need);
                continue;
            }
            if need.pace.is_move() {
                self.leave_to_stand_in(&need);
                continue;
            }
            let everyone_fits = self.has_room_for_all(&need.audience);
            let taken = taken_from.get(&need.audience).copied().unwrap_or(i64::MAX);
            let sacrifice = need.gives_up.filter(|(dyno, reason)| self.may_give_up(need.crew, dyno, *reason));
            if let Some((dyno, reason)) = sacrifice
                && let Some(host) = dyno.reserves_on()
                && let Some(freed) = self.freed_on(host, dyno, &need.audience)
                && amount.fits_in(freed)
                && (everyone_fits || freed.mb < taken)
            {
                self.stop(dyno, reason);
                self.room.promise_on(host, need.size);
                self.expect(&need);
                continue;
            }
            if need.pace == Pace::Outright {
                taken_from.insert(need.audience.clone(), taken.min(amount.mb));
            }
            self.say_what_is_missing(&need);
        }
    }

    /// There is no room for a stand-in and for the dyno that it would stand in for. Where there is for one of them, the
    /// dyno is moved all the same, one of a type at a time: a drain has to come to its end.
    fn move_without_stand_in(&mut self, need: &Need<'a>) {
        let rollout = self.rollouts.entry(need.crew).or_default();
        let expendable = rollout.serving > 1 || self.policy.allow_stop_first;
        if rollout.coming == 0 && rollout.failing == 0 && expendable {
            let held = self.held.iter().position(|held| held.crew == need.crew);
            if let Some(held) = held.map(|held| self.held.swap_remove(held))
                && let Some(host) = self.choose(&held)
            {
                return self.commit(&held, host);
            }
        }
        self.say_what_is_missing(need);
    }

    /// Enough others serve, so the dyno goes without a successor: what it holds on a host that is given up is no use.
    fn leave_to_stand_in(&mut self, need: &Need<'a>) {
        if let Step::Start { instead_of: Some((dyno, reason)), .. } = need.step
            && self.can_spare(need.crew)
        {
            self.stop(dyno, reason);
        }
        self.say_what_is_missing(need);
    }

    fn say_what_is_missing(&mut self, need: &Need<'a>) {
        // The rest of a type that is on its way is not worth a word.
        let moves_on = self.rollouts.get(&need.crew).is_some_and(|rollout| rollout.coming > 0);
        if need.pace == Pace::Outright || !moves_on {
            let full = self.full_pool(&need.audience, need.amount());
            let reason = full.unwrap_or_else(|| self.missing(&need.audience, need.amount()));
            self.wait(need.crew, reason);
        }
    }

    /// What will be free on a host of this audience if this dyno goes too; `None`: it gets no dynos.
    fn freed_on(&self, host: HostId, dyno: &Dyno, audience: &Audience) -> Option<Amount> {
        let space = self.room.space(host).filter(|space| space.open && space.audience == *audience)?;
        Some(space.later.plus(Amount::of_size(dyno.size)))
    }

    /// Counts on what becomes free, for a stand-in twice; false: there will not be enough.
    fn promise(&mut self, need: &Need<'a>) -> bool {
        let mark = self.room.mark();
        let times = if need.stands_in() { 2 } else { 1 };
        let promised = (0..times).all(|_| self.room.promise(need.wanted()).is_some());
        if !promised {
            self.room.roll_back(mark);
        }
        promised
    }

    /// For a stand-in there has to be room for one that is moved, too.
    fn choose(&mut self, need: &Need<'a>) -> Option<HostId> {
        let host = self.room.choose(need.wanted())?;
        if !need.stands_in() {
            return Some(host);
        }
        let mark = self.room.mark();
        self.room.take(host, need.size);
        let another = self.room.choose(need.wanted());
        self.room.roll_back(mark);
        another.map(|_| host)
    }

    /// Whether the rollout of its type leaves room for one more.
    pub(crate) fn in_pace(&self, need: &Need<'a>) -> bool {
        let Some(rollout) = self.rollouts.get(&need.crew).filter(|_| need.pace == Pace::Rolling) else { return true };
        // A newer release proves itself before it goes on. A resized dyno is of the release that serves.
        let unproven = if need.is_swap() { 0 } else { rollout.failing };
        let canary = rollout.canary.filter(|_| !need.is_swap());
        if canary.is_some_and(|up| up + rollout.coming + rollout.failing > 0) {
            return false;
        }
        rollout.coming + unproven < rollout.surge
    }

    fn may_give_up(&self, crew: Crew<'a>, dyno: &Dyno, reason: StopReason) -> bool {
        let Some(rollout) = self.rollouts.get(&crew) else { return false };
        if reason == StopReason::Restarted || !self.store.serves(dyno) {
            return true;
        }
        let on_its_way = rollout.coming > 0 || rollout.failing > 0;
        let expendable = rollout.serving > 1 || (self.policy.allow_stop_first && !rollout.crashed);
        !on_its_way && expendable
    }

    fn commit(&mut self, need: &Need<'a>, host: HostId) {
        let (app_id, kind) = need.crew;
        match need.step {
            Step::Place(dyno) if need.is_command() => {
                self.room.take(host, need.size);
                self.plan.actions.push(Action::Place { dyno: dyno.id, host });
                return;
            }
            Step::Place(dyno) => self.plan.actions.push(Action::Place { dyno: dyno.id, host }),
            Step::StopFirst(dyno, reason) => {
                self.stop(dyno, reason);
                self.room.promise_on(host, need.size);
                let runs_on = dyno.host.and_then(|host| self.store.host(host));
                let host = runs_on.map(|host| host.name.clone()).unwrap_or_default();
                self.rollouts.entry(need.crew).or_default().coming += 1;
                return self.wait(need.crew, WaitReason::Singleton { host });
            }
            Step::Start { release, command, crashes, replaces, instead_of, .. } => {
                if let Some((dyno, reason)) = instead_of {
                    self.stop(dyno, reason);
                }
                self.plan.actions.push(Action::Start {
                    app_id,
                    release_id: release,
                    kind: kind.clone(),
                    number: need.number,
                    size: need.size,
                    command: command.to_owned(),
                    crashes,
                    host,
                    replaces,
                });
            }
        }
        self.room.take_for(need.wanted(), host);
        self.rollouts.entry(need.crew).or_default().coming += 1;
    }

    /// The need will be met by memory that is promised to it.
    fn expect(&mut self, need: &Need<'a>) {
        self.wait(need.crew, WaitReason::Stopping { need_mb: need.size.memory_mb() });
        if !need.is_command() {
            self.rollouts.entry(need.crew).or_default().coming += 1;
        }
    }

    pub(crate) fn stop(&mut self, dyno: &'a Dyno, reason: StopReason) {
        self.plan.actions.push(Action::Stop { dyno: dyno.id, reason });
        self.restless.insert(dyno.app_id);
        self.room.release(dyno, self.store.stays(dyno));
        if self.store.serves(dyno) {
            let rollout = self.rollouts.entry((dyno.app_id, &dyno.name.kind)).or_default();
            rollout.serving = rollout.serving.saturating_sub(1);
        }
    }

    pub(crate) fn wait(&mut self, (app_id, kind): Crew<'a>, reason: WaitReason) {
        self.plan.waiting.push(Waiting { app_id, kind: kind.clone(), reason });
    }
}
