//! Places where a test has the process killed, to see that the next one goes on from there.
//!
//! A point stands between two effects: `crash_point!("build.claimed")`. Only builds with debug assertions have them; one
//! is armed at the start of a process, which then kills itself (SIGKILL, nothing is unwound) the first time it gets there.

use std::sync::OnceLock;

/// Every point that there is, by what is under way.
pub const CRASH_POINTS: &[&str] = &[
    "build.placed",
    "build.claimed",
    "build.cleaned",
    "build.built",
    "build.slug_stored",
    "build.before_commit",
    "build.committed",
    "build.failed",
    "build.given_back",
    "release.phase_started",
    "release.before_end",
    "release.ended",
    "rollout.planned",
    "rollout.before_commit",
    "rollout.applied",
    "start.before_create",
    "start.created",
    "start.process_started",
    "start.starting",
    "start.before_up",
    "start.up",
    "stop.drained",
    "stop.signalled",
    "stop.ended",
    "stop.gone",
    "stop.removed",
    "crash.seen",
    "crash.noted",
    "crash.removed",
    "host.entered",
    "host.claimed",
    "host.ready",
    "host.lost",
    "host.let_go",
    "host.dynos_ended",
    "machine.launching",
    "machine.token_made",
    "machine.launched",
    "machine.noted",
    "machine.refused",
    "machine.before_terminate",
    "machine.terminated",
    "machine.gone",
    "machine.stray_ended",
    "join.token_taken",
    "join.before_commit",
    "join.committed",
    "garbage.before_mark",
    "garbage.marked",
    "garbage.image_deleted",
];

static ARMED: OnceLock<String> = OnceLock::new();

/// Why a point cannot be armed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrashPointError {
    #[error("there is no crash point {0:?}")]
    Unknown(String),
    #[error("this program was built without crash points")]
    NotBuiltIn,
    #[error("another crash point is armed")]
    Armed,
}

/// Has this process die at the point, the first time that it gets there.
///
/// # Errors
/// [`CrashPointError`]; the text is for whoever set the environment.
pub fn arm(point: &str) -> Result<(), CrashPointError> {
    if !cfg!(debug_assertions) {
        return Err(CrashPointError::NotBuiltIn);
    }
    if !CRASH_POINTS.contains(&point) {
        return Err(CrashPointError::Unknown(point.to_owned()));
    }
    ARMED.set(point.to_owned()).map_err(|_| CrashPointError::Armed)
}

/// What [`crash_point!`](crate::crash_point) calls.
#[cfg(debug_assertions)]
pub fn reach(point: &str) {
    if ARMED.get().is_some_and(|armed| armed == point) {
        // Nothing after this line runs: the signal is delivered before the call returns.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Dies here when the point is armed. A statement; nothing in builds without debug assertions.
#[macro_export]
macro_rules! crash_point {
    ($point:literal) => {
        #[cfg(debug_assertions)]
        $crate::crash::reach($point);
    };
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// The points in the sources below a directory.
    fn points(directory: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                points(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("crash.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let calls = text.split("crash_point!(\"").skip(1);
                found.extend(calls.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()));
            }
        }
    }

    #[test]
    fn every_listed_point_is_in_the_sources_once_and_every_one_there_is_listed() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut found = Vec::new();
        for name in ["control", "web"] {
            points(&crates.join(name).join("src"), &mut found);
        }
        let distinct: BTreeSet<_> = found.iter().map(String::as_str).collect();
        assert_eq!(distinct, CRASH_POINTS.iter().copied().collect());
        assert_eq!(found.len(), CRASH_POINTS.len(), "one place each: {found:?}");
    }

    #[test]
    fn an_unknown_point_is_refused() {
        assert_eq!(arm("nowhere"), Err(CrashPointError::Unknown("nowhere".to_owned())));
    }
}
