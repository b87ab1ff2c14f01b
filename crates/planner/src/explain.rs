use std::fmt;

use paas_model::{AppId, DynoId, DynoSize, HostState, ProcessType};
use serde::Serialize;

use crate::{
    Host, Planner, Score, World, amount::Amount, audience::Audience, planner::Change, room::Wanted, waiting::cores,
};

/// Where one more dyno of a type would go, and why not to each other host; the best first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub need_mb: u32,
    pub need_millis: u32,
    pub hosts: Vec<HostExplanation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostExplanation {
    pub host: String,
    /// The dyno that is explained is there now.
    pub is_here: bool,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Chosen(Score),
    /// It would do, but another is better.
    Possible(Score),
    /// All that speaks against it; never empty.
    Unfit(Vec<Unfit>),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    NotReady {
        state: HostState,
    },
    /// It is about to be taken away.
    Interrupted,
    /// It has `role=build`.
    BuildsOnly,
    /// It has `dedicated=to`, and the app has not.
    DedicatedTo {
        to: String,
    },
    /// The app has `dedicated=label`, and the host has not.
    NotDedicated {
        label: String,
    },
    TooFull {
        free_mb: u32,
    },
    NoCpu {
        free_millis: u32,
    },
}

/// Answers "where would it go, and why there" with the same scores that [`crate::plan`] goes by.
#[must_use]
pub fn explain(world: &World, app: AppId, kind: &ProcessType, size: DynoSize) -> Explanation {
    explain_in(&Planner::new(world.clone()), app, kind, size)
}

/// Answers "why is it there": as if this dyno were placed just now. `None`: there is no such dyno.
#[must_use]
pub fn explain_dyno(world: &World, id: DynoId) -> Option<Explanation> {
    let dyno = world.dynos.iter().find(|dyno| dyno.id == id)?;
    let mut planner = Planner::new(world.clone());
    planner.update([Change::DynoGone(id)]);
    let mut explanation = explain_in(&planner, dyno.app_id, &dyno.name.kind, dyno.size);
    let here = dyno.reserves_on().and_then(|id| world.hosts.iter().find(|host| host.id == id));
    for host in &mut explanation.hosts {
        host.is_here = here.is_some_and(|here| here.name == host.host);
    }
    Some(explanation)
}

fn explain_in(planner: &Planner, app: AppId, kind: &ProcessType, size: DynoSize) -> Explanation {
    let (store, room) = planner.parts();
    let audience = store.audience(app);
    let wanted = Wanted { app, audience: &audience, kind, size };
    let chosen = room.choose(wanted);
    let explain = |host: &Host| {
        let free = room.space(host.id).map(|space| space.free).unwrap_or_default();
        let unfit = unfit(host, &audience, size, free);
        let verdict = match room.score(wanted, host.id).filter(|_| unfit.is_empty()) {
            None => Verdict::Unfit(unfit),
            Some(score) if chosen == Some(host.id) => Verdict::Chosen(score),
            Some(score) => Verdict::Possible(score),
        };
        HostExplanation { host: host.name.clone(), is_here: false, verdict }
    };
    let mut hosts: Vec<_> = store.hosts().map(explain).collect();
    hosts.sort_by(|a, b| (&a.verdict, &a.host).cmp(&(&b.verdict, &b.host)));
    Explanation { need_mb: size.memory_mb(), need_millis: size.cpu_millis(), hosts }
}

/// All that speaks against a host.
fn unfit(host: &Host, app: &Audience, size: DynoSize, free: Amount) -> Vec<Unfit> {
    let (audience, need) = (Audience::of_host(&host.labels), Amount::of_size(size));
    let (free_mb, free_millis) = free.shown();
    let mut unfit = Vec::new();
    if host.state != HostState::Ready {
        unfit.push(Unfit::NotReady { state: host.state });
    } else if host.interrupted {
        unfit.push(Unfit::Interrupted);
    }
    if audience.builds {
        unfit.push(Unfit::BuildsOnly);
    }
    match (audience.dedicated, &app.dedicated) {
        (Some(to), app) if app.as_ref() != Some(&to) => unfit.push(Unfit::DedicatedTo { to }),
        (None, Some(label)) => unfit.push(Unfit::NotDedicated { label: label.clone() }),
        _ => {}
    }
    if free.mb < need.mb {
        unfit.push(Unfit::TooFull { free_mb });
    }
    if free.millis < need.millis {
        unfit.push(Unfit::NoCpu { free_millis });
    }
    unfit
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for HostExplanation { host, is_here, verdict } in &self.hosts {
            let here = if *is_here { " (it is here)" } else { "" };
            writeln!(f, "{host}{here}: {verdict}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, score) = match self {
            Self::Chosen(score) => ("chosen", score),
            Self::Possible(score) => ("possible", score),
            Self::Unfit(reasons) => {
                let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
                return f.write_str(&reasons.join("; "));
            }
        };
        let Score { same_type, same_zone, same_app, free_mb, .. } = score;
        write!(
            f,
            "{word}, {same_type} of this type, {same_zone} in its zone, {same_app} of this app, {free_mb} MB free"
        )
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReady { state } => write!(f, "not ready, it is {state}"),
            Self::Interrupted => f.write_str("it is about to be taken away"),
            Self::BuildsOnly => f.write_str("kept for builds"),
            Self::DedicatedTo { to } => write!(f, "kept for apps with dedicated={to}"),
            Self::NotDedicated { label } => write!(f, "it has not the label dedicated={label}"),
            Self::TooFull { free_mb } => write!(f, "too full, {free_mb} MB free"),
            Self::NoCpu { free_millis } => write!(f, "too little CPU, {} free", cores(*free_millis)),
        }
    }
}
