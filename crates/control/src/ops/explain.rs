//! Why a dyno goes where it goes: the planner's own reasons, on the world as it is.

use paas_db::{apps::App, dynos, formations};
use paas_model::{DynoName, DynoSize, ProcessType};
use paas_planner::{Explanation, Verdict};

use crate::{Control, OpError, ops, ops::accounts::Owner, world};

/// One more dyno, or one that there is.
#[derive(Debug, Clone)]
pub enum Question {
    /// `None`: the type's size as it is.
    OneMore(ProcessType, Option<DynoSize>),
    Dyno(DynoName),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    pub kind: ProcessType,
    pub size: DynoSize,
    /// What it would set aside: MiB, and thousandths of a core.
    pub memory_mb: u32,
    pub cpu_millis: u32,
    /// Best first.
    pub hosts: Vec<ExplainedHost>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedHost {
    pub host: String,
    /// The dyno that was asked about is there.
    pub is_here: bool,
    /// `chosen`, `possible` or `unfit`.
    pub verdict: &'static str,
    /// For people.
    pub reason: String,
}

/// Where the app's dyno would go just now, and why not to each other host. `host`: that one alone.
///
/// # Errors
/// [`OpError::NotFound`] when there is no such host or dyno.
pub async fn explain(
    control: &Control,
    _: &Owner,
    app: &App,
    question: &Question,
    host: Option<&str>,
) -> Result<Explained, OpError> {
    let mut tx = control.db.begin().await?;
    let only = match host {
        Some(host) => Some(ops::hosts::row(&mut tx, host).await?.name),
        None => None,
    };
    let world = world::load(control, &mut tx).await?;
    let (kind, size, explanation) = match question {
        Question::OneMore(kind, size) => {
            let formation = formations::list(&mut *tx, app.id).await?.into_iter().find(|one| one.kind == *kind);
            let size = size.or(formation.map(|one| one.size)).unwrap_or_default();
            (kind.clone(), size, paas_planner::explain(&world, app.id, kind, size))
        }
        Question::Dyno(name) => {
            let found = dynos::list(&mut *tx, app.id).await?.into_iter().rev().find(|dyno| dyno.name() == *name);
            let dyno = found.ok_or_else(|| OpError::not_found("dyno"))?;
            let explanation = paas_planner::explain_dyno(&world, dyno.id).ok_or_else(|| OpError::not_found("dyno"))?;
            (dyno.process_type, dyno.size, explanation)
        }
    };
    Ok(shown(kind, size, explanation, only.as_deref()))
}

fn shown(kind: ProcessType, size: DynoSize, explanation: Explanation, only: Option<&str>) -> Explained {
    let hosts = explanation.hosts.into_iter().filter(|one| only.is_none_or(|only| one.host == only));
    let hosts = hosts.map(|one| ExplainedHost {
        verdict: match &one.verdict {
            Verdict::Chosen(_) => "chosen",
            Verdict::Possible(_) => "possible",
            Verdict::Unfit(_) => "unfit",
        },
        reason: reason(&one.verdict),
        host: one.host,
        is_here: one.is_here,
    });
    Explained {
        kind,
        size,
        memory_mb: explanation.need_mb,
        cpu_millis: explanation.need_millis,
        hosts: hosts.collect(),
    }
}

fn reason(verdict: &Verdict) -> String {
    let text = verdict.to_string();
    match verdict {
        // Without the word that stands beside it.
        Verdict::Chosen(_) | Verdict::Possible(_) => {
            text.split_once(", ").map_or_else(|| text.clone(), |(_, reason)| reason.to_owned())
        }
        Verdict::Unfit(_) => text,
    }
}
