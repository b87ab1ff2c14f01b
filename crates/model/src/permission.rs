use std::{collections::BTreeSet, fmt, str::FromStr};

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

/// What one account may do to one app. Never empty: whoever may do anything may see the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions(BTreeSet<Permission>);

impl Permissions {
    /// These, and [`Permission::View`].
    #[must_use]
    pub fn of(permissions: impl IntoIterator<Item = Permission>) -> Self {
        Self(permissions.into_iter().chain([Permission::View]).collect())
    }

    /// An owner's.
    #[must_use]
    pub fn all() -> Self {
        Self::of(Permission::ALL)
    }

    /// A collaborator's for whom nothing was chosen: all but saying who else may do what.
    #[must_use]
    pub fn of_collaborator() -> Self {
        Self::of([Permission::Deploy, Permission::Operate])
    }

    #[must_use]
    pub fn has_any(&self, any: &[Permission]) -> bool {
        any.iter().any(|permission| self.0.contains(permission))
    }

    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        self.0.iter().copied()
    }

    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

/// `view, deploy`.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}

/// From their names.
impl TryFrom<Vec<String>> for Permissions {
    type Error = UnknownPermission;

    fn try_from(names: Vec<String>) -> Result<Self, UnknownPermission> {
        names.iter().map(|name| name.parse()).collect::<Result<Vec<_>, _>>().map(Self::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn view_is_part_of_every_set() {
        let set = Permissions::try_from(vec!["operate".to_owned()]).unwrap();
        assert_eq!(set.to_string(), "view, operate");
        assert!(set.has_any(&[Permission::View]) && !set.has_any(&[Permission::Deploy, Permission::Manage]));
    }

    #[test]
    fn an_unknown_name_says_which_there_are() {
        let error = Permissions::try_from(vec!["admin".to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), "\"admin\" is not a permission. There are: view, deploy, operate, manage.");
    }
}
