//! An app.json: what an app wants to be set up with (Heroku: "app.json Schema"). It is read once, when an app is made from its
//! source.

use std::{collections::BTreeMap, str::FromStr};

use serde_json::{Map, Value};

use crate::{BuildpackSource, ConfigPatch, ConfigVars, DynoSize, ProcessType};

/// What an app.json asks for, as far as a platform without add-ons can give it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppJson {
    pub stack: Option<String>,
    pub env: BTreeMap<String, Wanted>,
    /// `None`: the app's or detection's.
    pub buildpacks: Option<Vec<BuildpackSource>>,
    pub formation: BTreeMap<ProcessType, (Option<u32>, Option<DynoSize>)>,
    /// The command that runs once after the first deploy, and the size of its dyno.
    pub postdeploy: Option<(String, Option<DynoSize>)>,
    /// Plans: `heroku-postgresql:mini`.
    pub addons: Vec<String>,
    /// Absolute, or a path of the app's.
    pub success_url: Option<String>,
}

/// One config var that an app.json names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Value(String),
    /// A random one.
    Secret,
    /// Whoever sets the app up must give it.
    Required,
    /// May be given.
    Optional,
}

impl AppJson {
    /// # Errors
    /// Everything that is wrong with it, a sentence each.
    pub fn parse(text: &[u8]) -> Result<Self, Vec<String>> {
        let value: Value =
            serde_json::from_slice(text).map_err(|error| vec![format!("app.json is not JSON: {error}")])?;
        let Value::Object(root) = value else { return Err(vec!["app.json must be an object".to_owned()]) };
        let mut errors = nuls(&root);
        if !errors.is_empty() {
            return Err(errors);
        }
        let app = Self {
            stack: text_of(&root, "stack", &mut errors),
            env: env(&root, &mut errors),
            buildpacks: buildpacks(&root, &mut errors),
            formation: formation(&root, &mut errors),
            postdeploy: postdeploy(&root, &mut errors),
            addons: addons(&root, &mut errors),
            success_url: text_of(&root, "success_url", &mut errors),
        };
        if errors.is_empty() { Ok(app) } else { Err(errors) }
    }

    /// The config vars to set: what is `given` stands above what the app.json says, and may name others. `secret` makes random
    /// text.
    ///
    /// # Errors
    /// Everything that is missing or wrong, a sentence each.
    pub fn config(
        &self,
        given: &BTreeMap<String, String>,
        mut secret: impl FnMut() -> String,
    ) -> Result<ConfigPatch, Vec<String>> {
        let (mut patch, mut errors) = (ConfigPatch::default(), Vec::new());
        for (key, wanted) in &self.env {
            let value = match (given.get(key), wanted) {
                (Some(given), _) => Some(given.clone()),
                (None, Wanted::Value(value)) => Some(value.clone()),
                (None, Wanted::Secret) => Some(secret()),
                (None, Wanted::Optional) => None,
                (None, Wanted::Required) => {
                    errors.push(format!("config var {key} is required"));
                    None
                }
            };
            if let Some(value) = value {
                patch.0.insert(key.clone(), Some(value));
            }
        }
        let more = given.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
        patch.0.extend(more);
        if let Err(error) = ConfigVars::default().patched(&patch) {
            errors.push(error.to_string());
        }
        if errors.is_empty() { Ok(patch) } else { Err(errors) }
    }
}

/// Where there is a NUL character: no process can be given one, nor can the database.
fn nuls(root: &Map<String, Value>) -> Vec<String> {
    fn look(path: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.contains('\0') => found.push(path.to_owned()),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(at, value)| look(&format!("{path}.{at}"), value, found));
            }
            Value::Object(map) => map.iter().for_each(|(key, value)| entry(&format!("{path}."), key, value, found)),
            _ => {}
        }
    }
    fn entry(before: &str, key: &str, value: &Value, found: &mut Vec<String>) {
        let path = format!("{before}{}", key.escape_debug());
        match key.contains('\0') {
            true => found.push(path),
            false => look(&path, value, found),
        }
    }
    let mut found = Vec::new();
    root.iter().for_each(|(key, value)| entry("", key, value, &mut found));
    found.iter().map(|path| format!("{path} holds the character NUL (\\u0000)")).collect()
}

fn env(root: &Map<String, Value>, errors: &mut Vec<String>) -> BTreeMap<String, Wanted> {
    let mut env = BTreeMap::new();
    for (key, value) in object_of(root, "env", errors) {
        let wanted = match value {
            Value::Object(described) => described_var(key, described, errors),
            Value::Null => Some(Wanted::Optional),
            plain => scalar(plain).map(Wanted::Value).or_else(|| {
                errors.push(format!("env.{key} must be a string or an object"));
                None
            }),
        };
        if let Some(wanted) = wanted {
            env.insert(key.clone(), wanted);
        }
    }
    env
}

fn described_var(key: &str, described: &Map<String, Value>, errors: &mut Vec<String>) -> Option<Wanted> {
    match described.get("generator").filter(|generator| !generator.is_null()) {
        Some(generator) if generator == "secret" => return Some(Wanted::Secret),
        Some(_) => {
            errors.push(format!("env.{key}.generator can only be \"secret\""));
            return None;
        }
        None => {}
    }
    if let Some(value) = described.get("value").filter(|value| !value.is_null()) {
        let scalar = scalar(value);
        if scalar.is_none() {
            errors.push(format!("env.{key}.value must be a string"));
        }
        return scalar.map(Wanted::Value);
    }
    match described.get("required") {
        Some(Value::Bool(false)) => Some(Wanted::Optional),
        Some(Value::String(text)) if text == "false" => Some(Wanted::Optional),
        _ => Some(Wanted::Required),
    }
}

fn buildpacks(root: &Map<String, Value>, errors: &mut Vec<String>) -> Option<Vec<BuildpackSource>> {
    let list = list_of(root, "buildpacks", errors)?;
    let mut buildpacks = Vec::new();
    for entry in list {
        match entry.get("url").and_then(Value::as_str).map(BuildpackSource::parse) {
            Some(Ok(buildpack)) => buildpacks.push(buildpack),
            Some(Err(error)) => errors.push(error.to_string()),
            None => errors.push("buildpacks must be objects with a url".to_owned()),
        }
    }
    Some(buildpacks)
}

fn formation(
    root: &Map<String, Value>,
    errors: &mut Vec<String>,
) -> BTreeMap<ProcessType, (Option<u32>, Option<DynoSize>)> {
    let mut formation = BTreeMap::new();
    for (kind, wish) in object_of(root, "formation", errors) {
        let quantity = wish.get("quantity").filter(|value| !value.is_null()).map(|value| {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.ok_or_else(|| format!("formation.{kind}.quantity must be a number"))
        });
        let quantity = quantity.transpose();
        let size = size_of(wish, &format!("formation.{kind}.size"));
        match (ProcessType::parse(kind), quantity, size) {
            (Ok(kind), Ok(quantity), Ok(size)) => drop(formation.insert(kind, (quantity, size))),
            (kind, quantity, size) => {
                errors.extend(kind.err().map(|error| error.to_string()));
                errors.extend(quantity.err());
                errors.extend(size.err());
            }
        }
    }
    formation
}

fn postdeploy(root: &Map<String, Value>, errors: &mut Vec<String>) -> Option<(String, Option<DynoSize>)> {
    let script = root.get("scripts")?.get("postdeploy").filter(|script| !script.is_null())?;
    let command = script.as_str().or_else(|| script.get("command").and_then(Value::as_str)).map(str::trim);
    let Some(command) = command.filter(|command| !command.is_empty()) else {
        errors.push("scripts.postdeploy must be a command".to_owned());
        return None;
    };
    match size_of(script, "scripts.postdeploy.size") {
        Ok(size) => Some((command.to_owned(), size)),
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

fn addons(root: &Map<String, Value>, errors: &mut Vec<String>) -> Vec<String> {
    let list = list_of(root, "addons", errors).unwrap_or_default();
    let plans = list.iter().filter_map(|addon| addon.as_str().or_else(|| addon.get("plan").and_then(Value::as_str)));
    plans.map(str::to_owned).collect()
}

fn size_of(value: &Value, what: &str) -> Result<Option<DynoSize>, String> {
    let Some(size) = value.get("size").filter(|size| !size.is_null()) else { return Ok(None) };
    let size = size.as_str().ok_or_else(|| format!("{what} must be a string"))?;
    DynoSize::from_str(size).map(Some).map_err(|error| error.to_string())
}

fn text_of(root: &Map<String, Value>, key: &str, errors: &mut Vec<String>) -> Option<String> {
    match root.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        _ => {
            errors.push(format!("{key} must be a string"));
            None
        }
    }
}

fn object_of<'a>(
    root: &'a Map<String, Value>,
    key: &str,
    errors: &mut Vec<String>,
) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    let found = match root.get(key) {
        Some(Value::Object(object)) => Some(object),
        None | Some(Value::Null) => None,
        Some(_) => {
            errors.push(format!("{key} must be an object"));
            None
        }
    };
    found.into_iter().flatten()
}

fn list_of<'a>(root: &'a Map<String, Value>, key: &str, errors: &mut Vec<String>) -> Option<&'a [Value]> {
    match root.get(key)? {
        Value::Array(list) => Some(list),
        Value::Null => None,
        _ => {
            errors.push(format!("{key} must be a list"));
            None
        }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_app_json_says_how_an_app_is_set_up() {
        let text = r#"{
            "name": "Example", "stack": "debian-13", "success_url": "/welcome", "keywords": ["a"],
            "env": {"A": "1", "B": {"description": "b", "value": true}, "C": {"generator": "secret"},
                    "D": {"required": false}, "E": {"description": "e"}},
            "buildpacks": [{"url": "heroku/nodejs"}],
            "formation": {"web": {"quantity": 2, "size": "standard-1x"}, "worker": {"quantity": 1}},
            "scripts": {"postdeploy": {"command": "rake seed", "size": "Standard-2X"}},
            "addons": ["heroku-postgresql", {"plan": "heroku-redis:mini"}]
        }"#;
        insta::assert_debug_snapshot!(AppJson::parse(text.as_bytes()).unwrap());
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let text = r#"{"env": {"A": [], "B": {"generator": "uuid"}}, "buildpacks": [{"url": "heroku/cobol"}, 1],
                       "formation": {"web": {"quantity": -1}, "a b": {}}, "scripts": {"postdeploy": 1}, "stack": 5}"#;
        insta::assert_debug_snapshot!(AppJson::parse(text.as_bytes()).unwrap_err());
        assert_eq!(AppJson::parse(b"[]"), Err(vec!["app.json must be an object".to_owned()]));
        assert!(AppJson::parse(b"{").is_err());
    }

    #[test]
    fn a_nul_character_is_nothing_that_an_app_can_be_given() {
        let text = br#"{"env": {"A": "a\u0000", "B\u0000": "b"}, "scripts": {"postdeploy": "x\u0000"},
                        "buildpacks": [{"url": "y\u0000"}], "stack": "debian-13"}"#;
        let errors = AppJson::parse(text).unwrap_err();
        let paths: Vec<_> = errors.iter().map(|error| error.split(' ').next().unwrap()).collect();
        assert_eq!(paths, ["buildpacks.0.url", "env.A", r"env.B\0", "scripts.postdeploy"]);
        assert!(errors.iter().all(|error| error.ends_with(r"holds the character NUL (\u0000)")), "{errors:?}");
    }

    #[test]
    fn what_is_given_stands_above_what_is_written() {
        let app = AppJson::parse(
            br#"{"env": {"A": "1", "B": {"generator": "secret"}, "C": {}, "D": {"required": "false"}}}"#,
        );
        let app = app.unwrap();
        assert_eq!(app.config(&map(&[]), || "s".to_owned()).unwrap_err(), ["config var C is required"]);
        let config = app.config(&map(&[("C", "3"), ("A", "2"), ("X", "9")]), || "s".to_owned()).unwrap();
        let values: Vec<_> = config.0.into_iter().map(|(key, value)| format!("{key}={}", value.unwrap())).collect();
        assert_eq!(values, ["A=2", "B=s", "C=3", "X=9"]);
        assert!(app.config(&map(&[("C", "3"), ("a-b", "2")]), || "s".to_owned()).is_err());
    }
}
