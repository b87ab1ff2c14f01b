use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize};

use crate::lenient::Scalar;

/// `GET /apps/:app/config-vars`, and a dyno's `env`. Secret: Debug shows only the keys.
///
/// Numbers and booleans are read as their text: clients send `{"COLUMNS": 80}`.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ConfigVars(pub BTreeMap<String, String>);

/// Body of `PATCH /apps/:app/config-vars`: a value sets, `null` removes. Secret like [`ConfigVars`].
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ConfigVarsUpdate(pub BTreeMap<String, Option<String>>);

impl<'de> Deserialize<'de> for ConfigVars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = BTreeMap::<String, Scalar>::deserialize(deserializer)?;
        Ok(Self(map.into_iter().map(|(key, value)| (key, value.into_text())).collect()))
    }
}

impl<'de> Deserialize<'de> for ConfigVarsUpdate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = BTreeMap::<String, Option<Scalar>>::deserialize(deserializer)?;
        Ok(Self(map.into_iter().map(|(key, value)| (key, value.map(Scalar::into_text))).collect()))
    }
}

impl fmt::Debug for ConfigVars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl fmt::Debug for ConfigVarsUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_become_text_and_null_removes() {
        let update: ConfigVarsUpdate = serde_json::from_str(r#"{"A":1,"B":null,"C":"","D":true}"#).unwrap();
        let text = |value: &str| Some(value.to_owned());
        assert_eq!(update.0.into_values().collect::<Vec<_>>(), [text("1"), None, text(""), text("true")]);
        assert!(serde_json::from_str::<ConfigVars>(r#"{"A":{}}"#).is_err());
    }

    #[test]
    fn debug_shows_no_value() {
        let vars = ConfigVars(BTreeMap::from([("KEY".to_owned(), "hunter2".to_owned())]));
        assert_eq!(format!("{vars:?}"), r#"{"KEY"}"#);
    }
}
