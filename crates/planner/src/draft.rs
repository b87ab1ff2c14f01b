//! From judgements of slots to a plan: who comes first, how fast a rollout goes, and what gives way in a full pool.
//!
//! Needs stand in line: commands (one-off and release-phase dynos), then slots in which nothing serves, then slots in
//! which an older dyno still does. Within each, every app's first dyno comes before any app's second, so a large
//! formation cannot starve a small one. All needs of one plan draw on the same [`Pool`], so they see each other.
//!
//! **Rollout.** Per type, as many slots as [`Policy::surge`] may be on their way to a newer dyno. The older one stops
//! once the newer one in its slot is up, so a release that never comes up leaves the older one serving.
//!
//! **Full pool.** When no host has room for both, and none will have as stopping dynos go, a slot gives up its own older
//! dyno first (`StopReason::MakesRoom`), one slot of a type at a time. It does so only if
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

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use paas_model::{AppId, DynoId, DynoKind, DynoSize, DynoState, HostId, ProcessType, ReleaseId};

use crate::{
    Action, Dyno, Plan, Policy, StopReason, WaitReason, Waiting, World,
    pool::Pool,
    slot::{Next, Pace, Standings, Target, judge},
};

/// The whole decision. Its actions are sound when all of them are applied, in their order. What they lead to may need
/// another plan at once, so ask again after each one that was not empty.
#[must_use]
pub fn plan(world: &World, policy: &Policy, now: DateTime<Utc>) -> Plan {
    let mut draft = Draft::new(world, policy);
    let needs = draft.survey(now);
    let unplaced = draft.fill(needs);
    let stuck = draft.await_room(unplaced);
    draft.make_room(stuck);
    draft.finish()
}

struct Draft<'a> {
    world: &'a World,
    policy: &'a Policy,
    standings: Standings,
    pool: Pool<'a>,
    rollouts: BTreeMap<Crew<'a>, Rollout>,
    /// Memory that everything would take if all formations were complete, in MiB.
    desired_mb: u64,
    plan: Plan,
}

/// The dynos of one type of one app.
type Crew<'a> = (AppId, &'a ProcessType);

/// How far a type is on its way to its newest release.
#[derive(Debug, Default)]
struct Rollout {
    surge: u32,
    /// Right dynos that are placed, starting, or certain to be placed soon.
    coming: u32,
    /// Right dynos that crashed and are not due.
    failing: u32,
    /// Whether a right dyno is crashed, due or not.
    crashed: bool,
    /// Dynos of any release that serve and that this plan leaves alone.
    serving: u32,
}

/// One dyno that wants a host.
#[derive(Debug)]
struct Need<'a> {
    pace: Pace,
    /// 0: a command.
    number: u32,
    crew: Crew<'a>,
    size: DynoSize,
    step: Step<'a>,
    /// The dyno in the same slot that could be stopped to make room, and what that would be called.
    gives_up: Option<(&'a Dyno, StopReason)>,
}

#[derive(Debug)]
enum Step<'a> {
    Place(&'a Dyno),
    Start {
        release: ReleaseId,
        command: &'a str,
        crashes: u32,
        replaces: Option<DynoId>,
        instead_of: Option<(&'a Dyno, StopReason)>,
    },
}

impl Need<'_> {
    /// Place in line among equals.
    fn rank(&self) -> (u32, AppId, &ProcessType, Option<DynoId>) {
        let dyno = match &self.step {
            Step::Place(dyno) => Some(dyno.id),
            Step::Start { .. } => None,
        };
        (self.number, self.crew.0, self.crew.1, dyno)
    }

    fn is_swap(&self) -> bool {
        matches!(self.step, Step::Start { instead_of: Some(_), .. })
    }
}

impl<'a> Draft<'a> {
    fn new(world: &'a World, policy: &'a Policy) -> Self {
        Self {
            world,
            policy,
            standings: Standings::new(world),
            pool: Pool::new(world),
            rollouts: BTreeMap::new(),
            desired_mb: 0,
            plan: Plan::default(),
        }
    }

    /// Judges every slot, stops what is not wanted, and returns what needs a host.
    fn survey(&mut self, now: DateTime<Utc>) -> Vec<Need<'a>> {
        let world = self.world;
        let mut needs = Vec::new();
        let mut slots: BTreeMap<Crew<'a>, BTreeMap<u32, Vec<&'a Dyno>>> = BTreeMap::new();
        let mut dynos: Vec<_> = world.dynos.iter().filter(|dyno| dyno.is_live()).collect();
        dynos.sort_by_key(|dyno| dyno.id);
        for dyno in dynos {
            let crew = (dyno.app_id, &dyno.name.kind);
            if dyno.kind == DynoKind::Formation {
                slots.entry(crew).or_default().entry(dyno.name.number).or_default().push(dyno);
                self.rollouts.entry(crew).or_default().serving += u32::from(self.standings.serves(dyno));
            } else {
                self.desired_mb += u64::from(dyno.size.memory_mb());
                if dyno.state == DynoState::Wanted {
                    needs.push(command(dyno));
                }
            }
        }

        let mut targets: BTreeMap<Crew<'a>, Target<'a>> = BTreeMap::new();
        for app in &world.apps {
            let Some(release) = app.runnable() else { continue };
            for formation in &app.formation {
                targets.insert((app.id, &formation.kind), Target { release: release.id, formation });
            }
        }
        for (crew, target) in targets {
            let slots = slots.remove(&crew).unwrap_or_default();
            self.survey_type(crew, target, &slots, now, &mut needs);
        }
        for dyno in slots.into_values().flat_map(BTreeMap::into_values).flatten() {
            self.stop(dyno, StopReason::AppChanged);
        }
        needs
    }

    fn survey_type(
        &mut self,
        crew: Crew<'a>,
        target: Target<'a>,
        slots: &BTreeMap<u32, Vec<&'a Dyno>>,
        now: DateTime<Utc>,
        needs: &mut Vec<Need<'a>>,
    ) {
        let formation = target.formation;
        self.desired_mb += u64::from(formation.quantity) * u64::from(formation.size.memory_mb());
        self.rollouts.entry(crew).or_default().surge = self.policy.surge(formation.quantity);
        for dyno in slots.range(formation.quantity.saturating_add(1)..).rev().flat_map(|(_, dynos)| dynos) {
            self.stop(dyno, StopReason::ScaledDown);
        }
        for number in 1..=formation.quantity {
            let dynos = slots.get(&number).map_or(&[][..], Vec::as_slice);
            let verdict = judge(target, dynos, &self.standings, now);
            let loses_one = verdict.stops.iter().any(|(dyno, _)| self.standings.serves(dyno));
            for (dyno, reason) in verdict.stops {
                self.stop(dyno, reason);
            }
            let rollout = self.rollouts.entry(crew).or_default();
            let makes_room = |older: &'a Dyno| (older, StopReason::MakesRoom);
            let start = |crashes, replaces, instead_of| Step::Start {
                release: target.release,
                command: &formation.command,
                crashes,
                replaces,
                instead_of,
            };
            let (pace, step, gives_up) = match verdict.next {
                Next::Settled => continue,
                Next::Coming => {
                    rollout.coming += 1;
                    continue;
                }
                Next::BackingOff { until } => {
                    rollout.failing += 1;
                    rollout.crashed = true;
                    self.plan.wake_at = Some(self.plan.wake_at.map_or(until, |at| at.min(until)));
                    self.wait(crew, WaitReason::CrashBackOff { until });
                    continue;
                }
                Next::Place(dyno, older) => (Pace::Outright, Step::Place(dyno), older.map(makes_room)),
                Next::Start { crashes, replaces, pace, older } => {
                    rollout.crashed |= replaces.is_some();
                    (pace, start(crashes, replaces.map(|dyno| dyno.id), None), older.map(makes_room))
                }
                Next::Swap { dyno, reason, pace } => {
                    // What a person asked for starts with a clean slate; a move to another host does not.
                    let moves = matches!(reason, StopReason::HostDraining | StopReason::HostLost);
                    let crashes = if moves { dyno.crashes } else { 0 };
                    (pace, start(crashes, None, Some((dyno, reason))), Some((dyno, reason)))
                }
            };
            // Two that serve in one slot: their memory is on its way already, and the other has to take over.
            let gives_up = gives_up.filter(|_| !loses_one);
            needs.push(Need { pace, number, crew, size: formation.size, step, gives_up });
        }
    }

    /// Gives hosts to needs in the order of the line, and returns those that found none.
    fn fill(&mut self, mut needs: Vec<Need<'a>>) -> Vec<Need<'a>> {
        needs.sort_by(|a, b| (a.number > 0, a.pace, a.rank()).cmp(&(b.number > 0, b.pace, b.rank())));
        let mut unplaced = Vec::new();
        for need in needs {
            if !self.in_pace(&need) {
                continue;
            }
            match self.pool.choose(need.crew.0, need.crew.1, need.size) {
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
            if self.in_pace(&need) && self.pool.promise(need.size) {
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
        let everyone_fits = self.desired_mb <= self.pool.total_mb();
        // The least memory that somebody ahead in line would take.
        let mut taken_from = u32::MAX;
        for need in stuck {
            let need_mb = need.size.memory_mb();
            let sacrifice = need.gives_up.filter(|(dyno, reason)| self.may_give_up(need.crew, dyno, *reason));
            if let Some((dyno, reason)) = sacrifice
                && let Some(host) = dyno.reserves_on()
                && let Some(later_mb) = self.pool.later_mb(host)
                && let freed_mb = later_mb.saturating_add(dyno.size.memory_mb())
                && freed_mb >= need_mb
                && (everyone_fits || freed_mb < taken_from)
            {
                self.stop(dyno, reason);
                self.pool.promise_on(host, need.size);
                self.expect(&need);
                continue;
            }
            match need.pace {
                Pace::Outright => taken_from = taken_from.min(need_mb),
                // The rest of a type that is on its way is not worth a word.
                Pace::Rolling if self.rollouts.get(&need.crew).is_some_and(|rollout| rollout.coming > 0) => continue,
                Pace::Rolling => {}
            }
            let reason = match self.pool.is_empty() {
                true => WaitReason::NoHosts,
                false => WaitReason::NoCapacity { need_mb, nearest: self.pool.nearest() },
            };
            self.wait(need.crew, reason);
        }
    }

    fn finish(mut self) -> Plan {
        let waiting = &mut self.plan.waiting;
        waiting.sort();
        waiting.dedup_by(|b, a| {
            let kind = |waiting: &Waiting| std::mem::discriminant(&waiting.reason);
            (a.app_id, &a.kind, kind(a)) == (b.app_id, &b.kind, kind(b))
        });
        self.plan
    }

    /// Whether the rollout of its type leaves room for one more.
    fn in_pace(&self, need: &Need<'a>) -> bool {
        let Some(rollout) = self.rollouts.get(&need.crew).filter(|_| need.pace == Pace::Rolling) else { return true };
        // A newer release proves itself before it goes on. A move to another host must come to its end whatever else
        // crashes, or no host of a crashing app could ever be drained.
        let unproven = if need.is_swap() { 0 } else { rollout.failing };
        rollout.coming + unproven < rollout.surge
    }

    fn may_give_up(&self, crew: Crew<'a>, dyno: &Dyno, reason: StopReason) -> bool {
        let Some(rollout) = self.rollouts.get(&crew) else { return false };
        if reason == StopReason::Restarted || !self.standings.serves(dyno) {
            return true;
        }
        let on_its_way = rollout.coming > 0 || rollout.failing > 0;
        let expendable = rollout.serving > 1 || (self.policy.allow_stop_first && !rollout.crashed);
        !on_its_way && expendable
    }

    fn commit(&mut self, need: &Need<'a>, host: HostId) {
        let (app_id, kind) = need.crew;
        match need.step {
            Step::Place(dyno) if dyno.kind != DynoKind::Formation => {
                self.pool.take(host, need.size);
                self.plan.actions.push(Action::Place { dyno: dyno.id, host });
                return;
            }
            Step::Place(dyno) => self.plan.actions.push(Action::Place { dyno: dyno.id, host }),
            Step::Start { release, command, crashes, replaces, instead_of } => {
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
        self.pool.take_for(app_id, kind, need.size, host);
        self.rollouts.entry(need.crew).or_default().coming += 1;
    }

    /// The need will be met by memory that is promised to it.
    fn expect(&mut self, need: &Need<'a>) {
        self.wait(need.crew, WaitReason::Stopping { need_mb: need.size.memory_mb() });
        if need.number > 0 {
            self.rollouts.entry(need.crew).or_default().coming += 1;
        }
    }

    fn stop(&mut self, dyno: &'a Dyno, reason: StopReason) {
        self.plan.actions.push(Action::Stop { dyno: dyno.id, reason });
        self.pool.release(dyno);
        if self.standings.serves(dyno) {
            let rollout = self.rollouts.entry((dyno.app_id, &dyno.name.kind)).or_default();
            rollout.serving = rollout.serving.saturating_sub(1);
        }
    }

    fn wait(&mut self, (app_id, kind): Crew<'a>, reason: WaitReason) {
        self.plan.waiting.push(Waiting { app_id, kind: kind.clone(), reason });
    }
}

/// The need of a one-off or release-phase dyno.
fn command(dyno: &Dyno) -> Need<'_> {
    Need {
        pace: Pace::Outright,
        number: 0,
        crew: (dyno.app_id, &dyno.name.kind),
        size: dyno.size,
        step: Step::Place(dyno),
        gives_up: None,
    }
}
