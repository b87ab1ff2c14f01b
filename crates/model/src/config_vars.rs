use std::{
    collections::{BTreeMap, btree_map},
    fmt,
};

use serde::{Deserialize, Serialize};

/// All config vars of an app together, keys and values (Heroku: "Config vars", limits).
pub const MAX_CONFIG_BYTES: usize = 32 * 1024;

/// An app's config vars. Secret: Debug shows only the keys, and there is no Display.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfigVars(BTreeMap<String, String>);

/// A partial change: a value sets, `None` removes (the API's `null`).
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ConfigPatch(pub BTreeMap<String, Option<String>>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigVarError {
    #[error("Config var keys can only contain letters, digits and underscores: {0:?} does not.")]
    Key(String),
    #[error("Config var keys can be 255 characters long at most: {0:.20}… is longer.")]
    KeyTooLong(String),
    #[error("Config var keys must not begin with a double underscore: {0:?} does.")]
    DoubleUnderscore(String),
    #[error("Config var keys must not begin with HEROKU_: {0:?} does. That prefix is the platform's.")]
    Reserved(String),
    #[error("The value of config var {0} has a NUL byte, which no environment variable can hold.")]
    Nul(String),
    #[error("Config vars must not exceed 32 KB in all; these would be {0} bytes.")]
    TooLarge(usize),
}

impl ConfigVars {
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub fn iter(&self) -> btree_map::Iter<'_, String, String> {
        self.0.iter()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }

    /// The config vars after `patch`, and what really changed (keys that were set to what they were are left out).
    ///
    /// # Errors
    /// A key that is not allowed, a value that no process could get, or too much in all. Nothing is changed then.
    pub fn patched(&self, patch: &ConfigPatch) -> Result<(Self, ConfigPatch), ConfigVarError> {
        let mut next = self.0.clone();
        let mut changed = BTreeMap::new();
        for (key, value) in &patch.0 {
            let differs = match value {
                Some(value) => {
                    check(key, value)?;
                    next.insert(key.clone(), value.clone()).as_ref() != Some(value)
                }
                None => next.remove(key).is_some(),
            };
            if differs {
                changed.insert(key.clone(), value.clone());
            }
        }
        let bytes = next.iter().map(|(key, value)| key.len() + value.len()).sum();
        if bytes > MAX_CONFIG_BYTES {
            return Err(ConfigVarError::TooLarge(bytes));
        }
        Ok((Self(next), ConfigPatch(changed)))
    }
}

fn check(key: &str, value: &str) -> Result<(), ConfigVarError> {
    let word = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    if key.is_empty() || !key.bytes().all(word) {
        return Err(ConfigVarError::Key(key.to_owned()));
    }
    // Buildpacks get a file of this name (Heroku: ENV_DIR).
    if key.len() > 255 {
        return Err(ConfigVarError::KeyTooLong(key.to_owned()));
    }
    if key.starts_with("__") {
        return Err(ConfigVarError::DoubleUnderscore(key.to_owned()));
    }
    if key.starts_with("HEROKU_") {
        return Err(ConfigVarError::Reserved(key.to_owned()));
    }
    if value.contains('\0') {
        return Err(ConfigVarError::Nul(key.to_owned()));
    }
    Ok(())
}

impl ConfigPatch {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The release's description: `Set A, B config vars`, `Remove A config vars` (Heroku: always plural), or both.
    #[must_use]
    pub fn describe(&self) -> String {
        let names = |set: bool| {
            let keys = self.0.iter().filter(|(_, value)| value.is_some() == set);
            keys.map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(", ")
        };
        match (names(true), names(false)) {
            (set, removed) if removed.is_empty() => format!("Set {set} config vars"),
            (set, removed) if set.is_empty() => format!("Remove {removed} config vars"),
            (set, removed) => format!("Set {set} and remove {removed} config vars"),
        }
    }
}

impl From<BTreeMap<String, String>> for ConfigVars {
    fn from(map: BTreeMap<String, String>) -> Self {
        Self(map)
    }
}

impl<'a> IntoIterator for &'a ConfigVars {
    type Item = (&'a String, &'a String);
    type IntoIter = btree_map::Iter<'a, String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Debug for ConfigVars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl fmt::Debug for ConfigPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(list: &[(&str, &str)]) -> ConfigVars {
        ConfigVars(list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn patch(list: &[(&str, Option<&str>)]) -> ConfigPatch {
        ConfigPatch(list.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect())
    }

    #[test]
    fn a_patch_sets_removes_and_reports_only_what_changed() {
        let before = vars(&[("A", "1"), ("B", "2")]);
        let (after, changed) =
            before.patched(&patch(&[("A", Some("1")), ("B", None), ("C", Some("")), ("D", None)])).unwrap();
        assert_eq!(after, vars(&[("A", "1"), ("C", "")]));
        assert_eq!(changed, patch(&[("B", None), ("C", Some(""))]));
        assert_eq!(changed.describe(), "Set C and remove B config vars");
    }

    #[test]
    fn descriptions_are_herokus() {
        assert_eq!(patch(&[("FOO", Some("x"))]).describe(), "Set FOO config vars");
        assert_eq!(patch(&[("BAR", Some("x")), ("FOO", Some("y"))]).describe(), "Set BAR, FOO config vars");
        assert_eq!(patch(&[("FOO", None)]).describe(), "Remove FOO config vars");
    }

    #[test]
    fn bad_keys_and_values_are_refused_whole() {
        for key in ["", "A-B", "A B", "A=B", "Ä", "A.B"] {
            let refused = vars(&[]).patched(&patch(&[("OK", Some("1")), (key, Some("x"))]));
            assert_eq!(refused.unwrap_err(), ConfigVarError::Key(key.to_owned()));
        }
        assert!(vars(&[]).patched(&patch(&[(&"K".repeat(256), Some("x"))])).is_err());
        assert!(vars(&[]).patched(&patch(&[(&"K".repeat(255), Some("x"))])).is_ok());
        assert!(vars(&[]).patched(&patch(&[("__X", Some("x"))])).is_err());
        assert!(vars(&[]).patched(&patch(&[("HEROKU_X", Some("x"))])).is_err());
        assert!(vars(&[]).patched(&patch(&[("X", Some("a\0b"))])).is_err());
        assert!(vars(&[]).patched(&patch(&[("X", Some("multi\nline \"quoted\" $dollar"))])).is_ok());
    }

    #[test]
    fn the_limit_is_on_the_sum() {
        let value = "x".repeat(MAX_CONFIG_BYTES - 1);
        let (full, _) = vars(&[]).patched(&patch(&[("X", Some(&value))])).unwrap();
        let refused = full.patched(&patch(&[("Y", Some(""))])).unwrap_err();
        assert_eq!(refused, ConfigVarError::TooLarge(MAX_CONFIG_BYTES + 1));
    }

    #[test]
    fn debug_never_shows_a_value() {
        let shown = format!("{:?} {:?}", vars(&[("KEY", "s3cret")]), patch(&[("KEY", Some("s3cret"))]));
        assert_eq!(shown, r#"{"KEY"} {"KEY"}"#);
    }
}
