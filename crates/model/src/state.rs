//! The states of long-lived rows and the moves between them that are legal. The database holds the same words under a
//! CHECK; every write of a state goes through a statement whose `where` names the states it may come from.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a known state")]
pub struct UnknownState(pub String);

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal => [$($next:ident),*]),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Whether a row may move from this state to `next`. Staying is no move.
            #[must_use]
            pub fn may_become(self, next: Self) -> bool {
                match self {
                    $(Self::$variant => [$(Self::$next),*].contains(&next),)+
                }
            }

            /// Whether nothing comes after this state.
            #[must_use]
            pub fn is_final(self) -> bool {
                !Self::ALL.iter().any(|next| self.may_become(*next))
            }
        }

        impl FromStr for $name {
            type Err = UnknownState;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|state| state.as_str() == text).ok_or_else(|| UnknownState(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = UnknownState;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

states! {
    BuildState {
        Pending = "pending" => [Building, Failed],
        /// Held by lease; taken again when the lease runs out.
        Building = "building" => [Succeeded, Failed],
        Succeeded = "succeeded" => [],
        Failed = "failed" => [],
    }

    ReleaseState {
        Pending = "pending" => [RunningPhase, Succeeded, Failed],
        /// Its `release:` command runs; the release before it still serves.
        RunningPhase = "running_phase" => [Succeeded, Failed],
        Succeeded = "succeeded" => [],
        Failed = "failed" => [],
    }

    DynoState {
        /// Should run; no host yet.
        Wanted = "wanted" => [Placed, Gone],
        /// Has a host, which has not started it.
        Placed = "placed" => [Starting, Stopping, Crashed, Gone],
        /// Its container runs; its port does not answer yet.
        Starting = "starting" => [Up, Stopping, Crashed, Gone],
        Up = "up" => [Stopping, Crashed, Gone],
        /// Out of the route table; drains, then gets SIGTERM, then SIGKILL.
        Stopping = "stopping" => [Gone],
        /// Ended by itself; holds its slot until it is time to start another.
        Crashed = "crashed" => [Gone],
        Gone = "gone" => [],
    }

    /// Display is for operators.
    HostState {
        /// Wanted; no machine was asked for yet.
        Requested = "requested" => [Launching, Terminating, Gone],
        /// A machine was asked for, or may have been.
        Launching = "launching" => [Joining, Terminating, Gone],
        /// It has called in with its token, and its engine has not answered yet.
        Joining = "joining" => [Ready, Lost, Terminating, Gone],
        Ready = "ready" => [Draining, Lost, Terminating, Gone],
        Draining = "draining" => [Ready, Lost, Terminating, Gone],
        /// Its engine has not answered for longer than the grace period.
        Lost = "lost" => [Ready, Draining, Terminating, Gone],
        /// Its machine is being ended.
        Terminating = "terminating" => [Gone],
        Gone = "gone" => [],
    }

    /// Of an app that is made from an app.json.
    SetupState {
        /// Held by lease while its source is fetched and its app.json is read.
        Pending = "pending" => [Building, Failed],
        Building = "building" => [Postdeploy, Succeeded, Failed],
        Postdeploy = "postdeploy" => [Succeeded, Failed],
        Succeeded = "succeeded" => [],
        Failed = "failed" => [],
    }

    /// Why a host is lost.
    HostFault {
        /// Its dynos may still run, and serve whoever reaches them.
        EngineUnreachable = "engine_unreachable" => [MachineGone],
        /// The provider says that the machine has ended: so have its dynos.
        MachineGone = "machine_gone" => [],
    }

    /// How a pool buys machines.
    Purchase {
        OnDemand = "on_demand" => [],
        /// Spot machines only, which the provider may take back at two minutes' notice.
        Spot = "spot" => [],
        /// Spot while there are any.
        SpotFirst = "spot_first" => [],
    }
}

impl DynoState {
    /// Whether a container may exist for a dyno in this state.
    #[must_use]
    pub const fn may_have_container(self) -> bool {
        matches!(self, Self::Placed | Self::Starting | Self::Up | Self::Stopping)
    }

    /// Heroku's word for it (schema `dyno.state`: crashed, down, idle, starting, up).
    #[must_use]
    pub const fn heroku(self) -> &'static str {
        match self {
            Self::Wanted | Self::Placed | Self::Starting => "starting",
            Self::Up => "up",
            Self::Stopping | Self::Gone => "down",
            Self::Crashed => "crashed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_parse_back() {
        for state in DynoState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        assert!("nonsense".parse::<BuildState>().is_err());
    }

    #[test]
    fn every_dyno_can_reach_its_end_and_nothing_leaves_it() {
        for state in DynoState::ALL {
            assert!(*state == DynoState::Gone || state.may_become(DynoState::Gone), "{state}");
        }
        assert!(DynoState::Gone.is_final());
        assert!(BuildState::Failed.is_final() && ReleaseState::Failed.is_final() && HostState::Gone.is_final());
    }
}
