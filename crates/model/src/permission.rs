use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What somebody may do to an app (Heroku: "App Permissions"). They are granted one by one: only [`Permission::View`] is part
/// of every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// See the app, its dynos, releases and logs.
    View,
    /// Code and config vars: push, roll back, run one-off dynos.
    Deploy,
    /// Keep it running: scale, restart, config vars, domains, drains.
    Operate,
    /// Rename, transfer and delete it, and say who else may do what.
    Manage,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a permission. There are: view, deploy, operate, manage.")]
pub struct UnknownPermission(pub String);

impl Permission {
    pub const ALL: [Self; 4] = [Self::View, Self::Deploy, Self::Operate, Self::Manage];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Deploy => "deploy",
            Self::Operate => "operate",
            Self::Manage => "manage",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.name() == text)
            .ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}
