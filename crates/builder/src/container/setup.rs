use std::collections::BTreeMap;

use serde::Deserialize;
use serde_norway::Value;

use super::manifest::plain;

/// The `setup` of a `heroku.yml`: what its app is made with (Heroku: "Building Docker Images with heroku.yml"). It counts once,
/// when the app is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManifestSetup {
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

impl ManifestSetup {
    /// Whether the heroku.yml builds images, as the script of builds tells it when nothing says that buildpacks do it.
    #[must_use]
    pub fn builds_images(yaml: &[u8]) -> bool {
        let lines = || yaml.split(|byte| *byte == b'\n');
        let is_indented = |line: &[u8]| line.trim_ascii_start().starts_with(b"docker:");
        lines().any(|line| line.starts_with(b"build:")) && lines().any(is_indented)
    }

    /// Of a heroku.yml without `setup`, nothing.
    ///
    /// # Errors
    /// Everything that is wrong with it, a sentence each.
    pub fn parse(yaml: &[u8]) -> Result<Self, Vec<String>> {
        let file: File = serde_norway::from_str(&String::from_utf8_lossy(yaml))
            .map_err(|error| vec![format!("heroku.yml cannot be read: {error}")])?;
        let Some(setup) = file.setup else { return Ok(Self::default()) };
        let plan = |addon| match addon {
            Addon::Plan(plan) | Addon::Full { plan } => plan,
        };
        let (mut config, mut errors) = (BTreeMap::new(), Vec::new());
        for (key, value) in setup.config.unwrap_or_default() {
            match plain(&value) {
                Some(text) => drop(config.insert(key, text)),
                None => errors.push(format!("setup.config.{key} must be text or a number")),
            }
        }
        let addons = setup.addons.unwrap_or_default().into_iter().map(plan).collect();
        if errors.is_empty() { Ok(Self { addons, config }) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn herokus_own_example_is_understood() {
        let yaml = "\
setup:
  addons:
    - plan: heroku-postgresql
      as: DATABASE
    - heroku-redis:mini
  config:
    S3_BUCKET: my-example-bucket
    WORKERS: 2
build:
  docker:
    web: Dockerfile
";
        let setup = ManifestSetup::parse(yaml.as_bytes()).unwrap();
        assert_eq!(setup.addons, ["heroku-postgresql", "heroku-redis:mini"]);
        assert_eq!(setup.config["S3_BUCKET"], "my-example-bucket");
        assert_eq!(setup.config["WORKERS"], "2");
        for none in ["", "setup:", "build: {docker: {web: Dockerfile}}", "setup: {}"] {
            assert_eq!(ManifestSetup::parse(none.as_bytes()).unwrap(), ManifestSetup::default(), "{none}");
        }
    }

    #[test]
    fn images_are_built_by_what_says_so() {
        for (yaml, builds) in [
            ("setup: {}\nbuild:\n  docker:\n    web: Dockerfile\n", true),
            ("build:\n  docker: [broken", true),
            ("setup:\n  config: {A: 1}\n", false),
            ("build: {languages: [ruby]}\n", false),
            ("# build:\n docker: x\n", false),
        ] {
            assert_eq!(ManifestSetup::builds_images(yaml.as_bytes()), builds, "{yaml}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (yaml, said) in [
            ("setup: [", "heroku.yml cannot be read"),
            ("setup: {addons: [{name: x}]}", "heroku.yml cannot be read"),
            ("setup: {config: {A: [1]}}", "setup.config.A must be text or a number"),
        ] {
            let errors = ManifestSetup::parse(yaml.as_bytes()).unwrap_err().join("\n");
            assert!(errors.contains(said), "{yaml}: {errors}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_do_no_harm(yaml: Vec<u8>) {
            drop(ManifestSetup::parse(&yaml));
        }
    }
}
