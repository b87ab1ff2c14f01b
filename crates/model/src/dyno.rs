use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{ProcessType, ProcessTypeError};

/// What a dyno runs for, which decides whether it is restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DynoKind {
    /// Fills a slot of the formation; any exit is a crash, and it is started again.
    Formation,
    /// `paas run`: ends when its command ends.
    OneOff,
    /// The `release:` command of one release; its exit status decides the release.
    ReleasePhase,
}

impl DynoKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Formation => "formation",
            Self::OneOff => "one_off",
            Self::ReleasePhase => "release_phase",
        }
    }
}

impl FromStr for DynoKind {
    type Err = crate::UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Formation, Self::OneOff, Self::ReleasePhase]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| crate::UnknownState(text.to_owned()))
    }
}

impl TryFrom<String> for DynoKind {
    type Error = crate::UnknownState;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// `web.1`, `run.9157`: the process type and the number of the slot. Not unique while an old and a new dyno overlap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DynoName {
    pub kind: ProcessType,
    pub number: u32,
}

impl FromStr for DynoName {
    type Err = ProcessTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, number) = text.rsplit_once('.').ok_or(ProcessTypeError)?;
        Ok(Self { kind: ProcessType::parse(kind)?, number: number.parse().map_err(|_| ProcessTypeError)? })
    }
}

impl fmt::Display for DynoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.number)
    }
}
