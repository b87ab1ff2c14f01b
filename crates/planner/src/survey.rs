//! From an app's dynos to what is to be stopped and what needs a host: slot by slot, then what the type as a whole asks.
//!
//! **Stand-ins.** A dyno that is moved off a draining host stops in the step in which its successor starts, as one
//! release never has two dynos in a slot. So that no fewer serve meanwhile, the type gets slots past its quantity first,
//! as many as the surge. Once these are up, that many may be moved at a time, and when all are moved they stop.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use paas_model::{AppId, DynoKind, DynoState, HostId, ProcessType};

use crate::{
    App, Dyno, Formation, StopReason, WaitReason,
    audience::Audience,
    draft::Draft,
    need::{Crew, Need, Step},
    slot::{Next, Pace, Target, Verdict, judge},
    standing::{Standing, Standings as _},
};

/// The live dynos of one type by slot, and those that are stopping.
#[derive(Debug, Default)]
struct Slots<'a> {
    live: Numbered<'a>,
    stopping: Numbered<'a>,
    /// How many serve.
    serving: u32,
}

/// Dynos in the order of their numbers, those of one number in the order of their ids.
#[derive(Debug, Default)]
struct Numbered<'a>(Vec<&'a Dyno>);

impl<'a> Numbered<'a> {
    fn sort(&mut self) {
        self.0.sort_by_key(|dyno| (dyno.name.number, dyno.id));
    }

    fn of(&self, number: u32) -> &[&'a Dyno] {
        let (_, from) = self.0.split_at(self.0.partition_point(|dyno| dyno.name.number < number));
        let len = from.iter().take_while(|dyno| dyno.name.number == number).count();
        from.get(..len).unwrap_or_default()
    }

    /// Those up to a number, and those past it.
    fn split(&self, last: u32) -> (&[&'a Dyno], &[&'a Dyno]) {
        self.0.split_at(self.0.partition_point(|dyno| dyno.name.number <= last))
    }
}

/// What a type is judged to need before anything is done about it.
#[derive(Debug, Default)]
struct Tally {
    /// Dynos that serve on hosts which are being emptied.
    moving: u32,
    rescues: bool,
    /// Slots that lack a dyno because it crashes: nothing that a move could spoil.
    failing: u32,
    /// Slots whose dyno is on its way.
    coming: u32,
    empties: Option<HostId>,
}

impl<'a> Draft<'a> {
    /// Judges every slot of an app, stops what is not wanted, and notes down what needs a host.
    pub(crate) fn survey(&mut self, id: AppId) {
        let store = self.store;
        let mut types: BTreeMap<&'a ProcessType, Slots<'a>> = BTreeMap::new();
        let audience = store.audience(id);
        for dyno in store.dynos_of(id) {
            if dyno.state.may_have_container() && dyno.state != DynoState::Up && !store.standing(dyno).is_lost() {
                self.in_motion = true;
                self.restless.insert(id);
            }
            if dyno.kind != DynoKind::Formation {
                if dyno.state == DynoState::Wanted {
                    self.needs.push(Need::command(dyno, audience.clone()));
                }
                continue;
            }
            let slots = types.entry(&dyno.name.kind).or_default();
            let numbered = if dyno.is_live() { &mut slots.live } else { &mut slots.stopping };
            numbered.0.push(dyno);
            slots.serving += u32::from(store.serves(dyno));
        }
        for (kind, slots) in &mut types {
            slots.live.sort();
            slots.stopping.sort();
            self.rollouts.entry((id, kind)).or_default().serving += slots.serving;
        }
        let app = store.apps.get(&id);
        if let Some((app, release)) = app.and_then(|app| Some((app, app.runnable()?))) {
            let mut formations: Vec<_> = app.formation.iter().collect();
            formations.sort_by_key(|formation| &formation.kind);
            for formation in formations {
                let slots = types.remove(&formation.kind).unwrap_or_default();
                self.survey_type(app, Target { release: release.id, formation }, &slots, &audience);
            }
        }
        for dyno in types.into_values().flat_map(|slots| slots.live.0) {
            self.stop(dyno, StopReason::AppChanged);
        }
    }

    fn survey_type(&mut self, app: &'a App, target: Target<'a>, slots: &Slots<'a>, audience: &Audience) {
        let Formation { kind, quantity, singleton, .. } = target.formation;
        let (crew, quantity): (Crew<'a>, _) = ((app.id, kind), *quantity);
        let (live, _) = slots.live.split(quantity);
        let judged = live.chunk_by(|a, b| a.name.number == b.name.number).filter_map(|dynos| {
            let number = dynos.first()?.name.number;
            Some((number, judge(target, dynos, self.store, self.now)))
        });
        let mut verdicts: BTreeMap<u32, Verdict<'a>> = judged.filter(|(_, verdict)| !verdict.is_settled()).collect();
        let tally = tally(slots, &verdicts);
        let (surge, floor) = (self.policy.surge(quantity), self.policy.min_up(quantity));
        let canary = self.canary(app, target, slots, crew);
        let rollout = self.rollouts.entry(crew).or_default();
        rollout.surge = surge;
        rollout.canary = canary;
        // A singleton cannot have a stand-in. What crashes is not missed because of a move.
        rollout.floor = if *singleton { 0 } else { floor.saturating_sub(tally.failing) };
        let at_once = if tally.rescues { tally.moving } else { tally.moving.min(surge) };
        let stand_ins = if *singleton { 0 } else { at_once.saturating_sub(quantity - floor) };
        let last = quantity.saturating_add(stand_ins);

        for number in 1..=last {
            let dynos = slots.live.of(number);
            let verdict = match verdicts.remove(&number) {
                Some(verdict) => verdict,
                // It was judged, and there is nothing to do about it.
                None if number <= quantity && !dynos.is_empty() => continue,
                None => judge(target, dynos, self.store, self.now),
            };
            self.survey_slot(crew, target, slots, number, audience, tally.empties, verdict);
        }
        let (_, past) = slots.live.split(last);
        for dyno in past.chunk_by(|a, b| a.name.number == b.name.number).rev().flatten() {
            // One that stood in goes on until those that were moved serve again.
            let stood_in = tally.coming > 0 && self.store.serves(dyno) && !self.can_spare(crew);
            if !stood_in {
                self.stop(dyno, StopReason::ScaledDown);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all that is known of one slot")]
    fn survey_slot(
        &mut self,
        crew: Crew<'a>,
        target: Target<'a>,
        slots: &Slots<'a>,
        number: u32,
        audience: &Audience,
        emptied: Option<HostId>,
        verdict: Verdict<'a>,
    ) {
        let formation = target.formation;
        let dynos = slots.live.of(number);
        let loses_one = verdict.stops.iter().any(|(dyno, _)| self.store.serves(dyno));
        for (dyno, reason) in &verdict.stops {
            self.stop(dyno, *reason);
        }
        let stands_in = number > formation.quantity;
        let rollout = self.rollouts.entry(crew).or_default();
        let makes_room = |older: &'a Dyno| (older, StopReason::MakesRoom);
        let start = |crashes, replaces, instead_of| Step::Start {
            release: target.release,
            command: &formation.command,
            crashes,
            replaces,
            instead_of,
            stands_in,
        };
        let mut empties = emptied.filter(|_| stands_in);
        let (pace, step, gives_up) = match verdict.next {
            Next::Settled => return,
            Next::Coming => {
                rollout.coming += 1;
                return;
            }
            Next::BackingOff { until } => {
                rollout.failing += 1;
                rollout.crashed = true;
                self.plan.wake(until);
                self.wait(crew, WaitReason::CrashBackOff { until });
                return;
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
                empties = dyno.host.filter(|_| pace.is_move());
                (pace, start(crashes, None, Some((dyno, reason))), Some((dyno, reason)))
            }
        };
        // Two that serve in one slot: their memory is on its way already, and the other has to take over.
        let gives_up = gives_up.filter(|_| !loses_one);
        let mut need =
            Need { pace, number, crew, audience: audience.clone(), size: formation.size, step, gives_up, empties };
        if formation.singleton {
            let told: Vec<_> = verdict.stops.into_iter().map(|(dyno, _)| dyno.id).collect();
            let (told, live): (Vec<_>, Vec<_>) = dynos.iter().partition(|dyno| told.contains(&dyno.id));
            let leaving: Vec<_> = slots.stopping.of(number).iter().copied().chain(told).collect();
            match self.one_at_a_time(need, &live, &leaving) {
                Some(held) => need = held,
                None => return,
            }
        }
        self.needs.push(need);
    }

    /// Turns the need of a singleton into one that never has two run. `None`: it has to wait. `leaving` are those that
    /// are stopping, and those that this plan has told to.
    fn one_at_a_time(&mut self, need: Need<'a>, live: &[&'a Dyno], leaving: &[&'a Dyno]) -> Option<Need<'a>> {
        let mut stops_first = None;
        let all = leaving.iter().map(|dyno| (*dyno, true)).chain(live.iter().map(|dyno| (*dyno, false)));
        for (dyno, leaves) in all.filter(|(dyno, _)| dyno.state.may_have_container()) {
            let standing = self.store.standing(dyno);
            let Some(until) = standing.may_run_until(self.policy, self.now) else { continue };
            if !leaves && !matches!(standing, Standing::Unreachable { .. }) {
                stops_first = Some(dyno);
                continue;
            }
            if let Some(until) = until {
                self.plan.wake(until);
            }
            let host = dyno.host.and_then(|host| self.store.host(host)).map(|host| host.name.clone());
            self.wait(need.crew, WaitReason::Singleton { host: host.unwrap_or_default() });
            return None;
        }
        let Some(dyno) = stops_first else { return Some(need) };
        let reason = match need.step {
            Step::Start { instead_of: Some((_, reason)), .. } => reason,
            _ => StopReason::Singleton,
        };
        let gives_up = need.gives_up.map(|_| (dyno, reason));
        Some(Need { step: Step::StopFirst(dyno, reason), gives_up, ..need })
    }

    /// Whether the newest release still has to prove itself: with how many dynos it does so. Says until when.
    fn canary(&mut self, app: &App, target: Target<'a>, slots: &Slots<'a>, crew: Crew<'a>) -> Option<u32> {
        let seconds = TimeDelta::seconds(i64::from(app.canary_seconds?));
        let newest = |dyno: &&&Dyno| dyno.release_id == target.release && dyno.state == DynoState::Up;
        let ends = |dyno: &&Dyno| dyno.up_at.and_then(|at| at.checked_add_signed(seconds));
        let up: Vec<DateTime<Utc>> = slots.live.0.iter().filter(newest).filter_map(ends).collect();
        let Some(until) = up.iter().min().copied() else { return Some(0) };
        if until <= self.now {
            return None;
        }
        let (quantity, newest) = (target.formation.quantity as usize, up.len());
        if newest < quantity {
            self.plan.wake(until);
            self.wait(crew, WaitReason::Canary { until });
        }
        Some(1)
    }

    /// Whether the type has one more dyno serving than moves have to leave it.
    pub(crate) fn can_spare(&self, crew: Crew<'a>) -> bool {
        self.rollouts.get(&crew).is_some_and(|rollout| rollout.serving > rollout.floor)
    }
}

fn tally(slots: &Slots<'_>, verdicts: &BTreeMap<u32, Verdict<'_>>) -> Tally {
    let mut tally = Tally::default();
    for (number, verdict) in verdicts {
        let crashes = || slots.live.of(*number).iter().any(|dyno| dyno.crashes > 0);
        match verdict.next {
            Next::BackingOff { .. } | Next::Start { replaces: Some(_), .. } => tally.failing += 1,
            Next::Coming if crashes() => tally.failing += 1,
            Next::Coming => tally.coming += 1,
            Next::Swap { dyno, pace, .. } if pace.is_move() => {
                tally.moving += 1;
                tally.rescues |= pace == Pace::Rescue;
                tally.empties = tally.empties.or(dyno.host);
            }
            _ => {}
        }
    }
    tally
}
