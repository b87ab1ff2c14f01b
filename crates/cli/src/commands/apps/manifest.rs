use std::{collections::BTreeMap, fs, io};

use serde::Deserialize;
use serde_norway::Value;

use crate::error::Error;

const FILE: &str = "heroku.yml";

/// What the heroku.yml of the working directory says of how its app is made.
pub(super) struct Manifest {
    /// Plans: `heroku-postgresql:mini`.
    pub addons: Vec<String>,
    pub config: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct File {
    setup: Option<Setup>,
}

#[derive(Deserialize)]
struct Setup {
    addons: Option<Vec<Addon>>,
    config: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Addon {
    Plan(String),
    Full { plan: String },
}

impl Manifest {
    pub(super) fn read() -> Result<Self, Error> {
        let text = fs::read_to_string(FILE).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Error::mistake("There is no heroku.yml here.", "change to the app's directory, or leave --manifest out")
            }
            _ => Error::File { path: FILE.into(), source: error },
        })?;
        let file: Option<File> = serde_norway::from_str(&text).map_err(|error| {
            Error::mistake(format!("heroku.yml cannot be read: {error}."), "mend it, and try again")
        })?;
        let setup = file.and_then(|file| file.setup);
        let Setup { addons, config } = setup.unwrap_or(Setup { addons: None, config: None });
        let plan = |addon| match addon {
            Addon::Plan(plan) | Addon::Full { plan } => plan,
        };
        let pair = |(key, value): (String, Value)| text_of(&key, value).map(|text| (key, text));
        Ok(Self {
            addons: addons.unwrap_or_default().into_iter().map(plan).collect(),
            config: config.unwrap_or_default().into_iter().map(pair).collect::<Result<_, Error>>()?,
        })
    }
}

fn text_of(key: &str, value: Value) -> Result<String, Error> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null => Ok(String::new()),
        _ => Err(Error::mistake(
            format!("setup.config.{key} in heroku.yml must be text or a number."),
            "mend it, and try again",
        )),
    }
}
