//! Tells apps what their dynos and builds wait for.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use paas_db::build_output;
use paas_model::{AppId, BuildId, ProcessType};
use paas_planner::{Plan, WaitReason};

use crate::{Control, error::chain};

/// A wait that is shorter is nothing to tell anybody.
pub(super) const TELL_AFTER: Duration = Duration::from_secs(2);

/// What waits, why, since when, and whether its app has been told.
#[derive(Debug, Default)]
pub(super) struct Waits(BTreeMap<Wait, (Instant, bool)>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Wait {
    app: AppId,
    who: Who,
    /// Fit for users.
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Dynos(ProcessType),
    Build(BuildId),
}

impl Waits {
    /// Tells an app, once, of a wait that has lasted for a while; forgets those that are over.
    pub(super) async fn tell(&mut self, control: &Control, plan: &Plan) {
        let now = waits_of(plan);
        self.0.retain(|wait, _| now.contains(wait));
        for wait in now {
            let (since, told) = self.0.entry(wait.clone()).or_insert_with(|| (Instant::now(), false));
            if since.elapsed() >= TELL_AFTER && !std::mem::replace(told, true) {
                tell(control, wait).await;
            }
        }
    }

    /// Whether some app is to be told soon.
    pub(super) fn are_pending(&self) -> bool {
        self.0.values().any(|(_, told)| !told)
    }
}

/// Those that are news: a crash has its own lines, and room that is becoming free is none.
fn waits_of(plan: &Plan) -> BTreeSet<Wait> {
    let is_news = |reason: &WaitReason| {
        !matches!(reason, WaitReason::CrashBackOff { .. } | WaitReason::Stopping { .. } | WaitReason::Canary { .. })
    };
    let dynos = plan.waiting.iter().filter(|wait| is_news(&wait.reason)).map(|wait| Wait {
        app: wait.app_id,
        who: Who::Dynos(wait.kind.clone()),
        reason: wait.reason.to_string(),
    });
    let builds = plan.builds_waiting.iter().filter(|wait| is_news(&wait.reason)).map(|wait| Wait {
        app: wait.app_id,
        who: Who::Build(wait.build),
        reason: wait.reason.to_string(),
    });
    dynos.chain(builds).collect()
}

async fn tell(control: &Control, Wait { app, who, reason }: Wait) {
    match who {
        Who::Dynos(kind) => control.logs.heroku_event(app, kind.as_str(), format!("Waiting to start: {reason}")),
        // Whoever pushed is looking at what the build prints.
        Who::Build(build) => {
            let line = format!("-----> Waiting for a host: {reason}\n");
            if let Err(error) = build_output::append(control.db.pool(), build, &line).await {
                tracing::debug!(build.id = %build, error = chain(&error), "nobody was told what a build waits for");
            }
        }
    }
}
