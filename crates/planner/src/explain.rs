use std::fmt;

use paas_model::{AppId, DynoSize, HostId, HostState, ProcessType};
use serde::Serialize;

use crate::{Score, World, pool::Pool};

/// Where one more dyno of a type would go, and why not to each other host; the best first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub need_mb: u32,
    pub hosts: Vec<(String, HostVerdict)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostVerdict {
    Chosen(Score),
    /// It has room, but another is better.
    Possible(Score),
    TooFull {
        free_mb: u32,
    },
    NotReady(HostState),
}

/// Answers "why is it there, why not here" with the same scores that [`crate::plan`] goes by.
#[must_use]
pub fn explain(world: &World, app: AppId, kind: &ProcessType, size: DynoSize) -> Explanation {
    let pool = Pool::new(world);
    let need_mb = size.memory_mb();
    let chosen = pool.choose(app, kind, size);
    let verdict = |id: HostId, state: HostState| match pool.score(app, kind, id) {
        None => HostVerdict::NotReady(state),
        Some(score) if score.free_mb < need_mb => HostVerdict::TooFull { free_mb: score.free_mb },
        Some(score) if chosen == Some(id) => HostVerdict::Chosen(score),
        Some(score) => HostVerdict::Possible(score),
    };
    let mut hosts: Vec<_> = world.hosts.iter().map(|host| (host.name.clone(), verdict(host.id, host.state))).collect();
    hosts.sort_by(|(a_name, a), (b_name, b)| a.cmp(b).then_with(|| a_name.cmp(b_name)));
    Explanation { need_mb, hosts }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (host, verdict) in &self.hosts {
            writeln!(f, "{host}: {verdict}")?;
        }
        Ok(())
    }
}

impl fmt::Display for HostVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, score) = match self {
            Self::TooFull { free_mb } => return write!(f, "too full, {free_mb} MB free"),
            Self::NotReady(state) => return write!(f, "not ready, it is {state}"),
            Self::Chosen(score) => ("chosen", score),
            Self::Possible(score) => ("possible", score),
        };
        let Score { same_type, same_app, free_mb, .. } = score;
        write!(f, "{word}, {same_type} of this type, {same_app} of this app, {free_mb} MB free")
    }
}
