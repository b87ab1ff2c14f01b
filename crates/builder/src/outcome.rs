//! What a build left in its result directory. Buildpacks run as the same account as the script that writes it, so all of
//! it is hostile input: bounded, and parsed here.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    time::Duration,
};

use futures::StreamExt;
use paas_hosts::ByteStream;
use paas_model::{ProcessType, Procfile};
use serde::Deserialize;

use crate::BuilderError;

/// The result of a build whose script ended well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What the last buildpack's `bin/detect` printed: `Node.js`.
    pub language: Option<String>,
    /// Short name of the buildpack that detection chose. `None`: they had been given.
    pub detected: Option<String>,
    /// `None`: the app has no Procfile.
    pub procfile: Option<Procfile>,
    /// The last buildpack's default process types.
    pub defaults: BTreeMap<ProcessType, String>,
    /// Whether the cache directory is other than it was before.
    pub cache_changed: bool,
    /// When the newest file of the source was last changed: of a commit, when it was made. In seconds.
    pub source_time: Option<u64>,
    /// Directories of the app that are to be layers of their own, and what the script made of all that is in them: the same for
    /// the same only.
    pub large: BTreeMap<String, Option<String>>,
    /// The script's stages, in their order.
    pub stages: Vec<(&'static str, Duration)>,
}

/// The user's: `bin/release` did not print what it should. Display is the line to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Push rejected, bin/release of the {language} buildpack did not print valid YAML: {reason}")]
pub(crate) struct BadRelease {
    language: String,
    reason: String,
}

/// Of everything in the directory together.
const LIMIT: usize = 4 << 20;

/// Engines can stack 127 layers, of which the stack's are some; and each one costs a little.
const MAX_LARGE: usize = 4;

/// Procfile warnings that are shown; a file of 10,000 wrong lines needs no more.
const WARNINGS_SHOWN: usize = 10;

/// The files of the directory by name. What is not a plain file is left out. `None`: they are too large to be read.
pub(crate) async fn read(mut tar: ByteStream) -> Result<Option<BTreeMap<String, Vec<u8>>>, BuilderError> {
    let mut bytes = Vec::new();
    while let Some(piece) = tar.next().await {
        bytes.extend_from_slice(&piece.map_err(BuilderError::engine("read a build's result"))?);
        if bytes.len() > LIMIT {
            return Ok(None);
        }
    }
    Ok(Some(files(&bytes).unwrap_or_default()))
}

impl Outcome {
    /// # Errors
    /// [`BadRelease`] is the user's to mend.
    pub(crate) fn parse(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, BadRelease> {
        let language = line(files, "language");
        Ok(Self {
            procfile: files.get("procfile").map(|bytes| Procfile::parse(bytes)),
            defaults: match files.get("release.yml") {
                Some(yaml) => default_process_types(yaml).map_err(|error| BadRelease {
                    language: language.clone().unwrap_or_default(),
                    reason: error.to_string().lines().next().unwrap_or_default().chars().take(200).collect(),
                })?,
                None => BTreeMap::new(),
            },
            language,
            detected: line(files, "detected"),
            cache_changed: line(files, "cache").is_none_or(|state| state != "unchanged"),
            large: files.get("large").map(|bytes| large(&String::from_utf8_lossy(bytes))).unwrap_or_default(),
            source_time: line(files, "source_time").and_then(|seconds| seconds.parse().ok()),
            stages: files.get("stages").map(|bytes| stages(&String::from_utf8_lossy(bytes))).unwrap_or_default(),
        })
    }

    /// The app's process types: the Procfile's, and the buildpack's for those that it does not name.
    pub(crate) fn process_types(&self) -> BTreeMap<ProcessType, String> {
        let mut types = self.defaults.clone();
        types.extend(self.procfile.iter().flat_map(|procfile| procfile.entries.clone()));
        types
    }

    /// The lines under `-----> Discovering process types` (Heroku: the three forms of the process-type block).
    pub(crate) fn describe_process_types(&self) -> Vec<String> {
        let declared: Vec<&str> =
            self.procfile.iter().flat_map(|procfile| procfile.entries.keys()).map(ProcessType::as_str).collect();
        let defaults: Vec<&str> =
            self.defaults.keys().map(ProcessType::as_str).filter(|kind| !declared.contains(kind)).collect();
        let names = if declared.is_empty() { "(none)".to_owned() } else { declared.join(", ") };
        let mut lines = if defaults.is_empty() {
            vec![format!("       Procfile declares types -> {names}")]
        } else {
            vec![
                format!("       Procfile declares types     -> {names}"),
                format!("       Default types for buildpack -> {}", defaults.join(", ")),
            ]
        };
        let warnings = self.procfile.iter().flat_map(|procfile| &procfile.warnings);
        lines.extend(warnings.clone().take(WARNINGS_SHOWN).map(|warning| format!(" !     {warning}")));
        let more = warnings.count().saturating_sub(WARNINGS_SHOWN);
        if more > 0 {
            lines.push(format!(" !     … and {more} more of the kind"));
        }
        lines
    }
}

/// The first line of a file, without control characters, cut to what a line of output can be. `None`: it is empty.
pub(crate) fn line(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(files.get(name)?);
    let line: String = text.lines().next()?.trim().chars().filter(|c| !c.is_control()).take(200).collect();
    (!line.is_empty()).then_some(line)
}

fn files(tar: &[u8]) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(tar).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if entry.header().entry_type().is_file() && path.components().count() == 2 {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            files.insert(name.to_owned(), content);
        }
    }
    Ok(files)
}

/// Only `default_process_types` counts (Heroku: buildpack API, `bin/release`; `config_vars` is ignored there too).
#[derive(Deserialize)]
struct Release {
    default_process_types: Option<BTreeMap<String, String>>,
}

fn default_process_types(yaml: &[u8]) -> Result<BTreeMap<ProcessType, String>, serde_norway::Error> {
    let text = String::from_utf8_lossy(yaml);
    let release: Option<Release> = serde_norway::from_str(&text)?;
    let types = release.and_then(|release| release.default_process_types).unwrap_or_default();
    let valid = types.into_iter().filter(|(_, command)| !command.trim().is_empty() && !command.contains('\0'));
    Ok(valid.filter_map(|(kind, command)| Some((ProcessType::parse(&kind).ok()?, command))).collect())
}

/// What the script has moved to where [`crate::sandbox::LARGE`] says: a name and a digest a line.
fn large(text: &str) -> BTreeMap<String, Option<String>> {
    let is_name = |name: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        name.len() <= 255 && name.chars().all(is_plain) && name.chars().any(|c| c != '.')
    };
    let is_digest = |digest: &&str| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let line = |line: &str| {
        let (name, digest) = line.split_once(' ').map_or((line, None), |(name, digest)| (name, Some(digest)));
        is_name(name).then(|| (name.to_owned(), digest.filter(is_digest).map(str::to_owned)))
    };
    text.lines().filter_map(line).take(MAX_LARGE).collect()
}

fn stages(text: &str) -> Vec<(&'static str, Duration)> {
    let known = ["unpack", "restore", "detect", "fetch", "compile", "pack", "digest"];
    let stage = |line: &str| {
        let (name, milliseconds) = line.split_once(' ')?;
        let name = known.into_iter().find(|known| *known == name)?;
        Some((name, Duration::from_millis(u64::from(milliseconds.parse::<u32>().ok()?))))
    };
    text.lines().filter_map(stage).take(known.len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(files: &[(&str, &str)]) -> Result<Outcome, BadRelease> {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
        Outcome::parse(&files.collect())
    }

    const NODE: &str = "---\ndefault_process_types:\n  web: npm start\n";

    #[test]
    fn the_procfile_wins_and_defaults_fill_in() {
        let found = outcome(&[("procfile", "worker: w\n"), ("release.yml", NODE)]).unwrap();
        let types = found.process_types();
        assert_eq!(types[&ProcessType::web()], "npm start");
        assert_eq!(types.len(), 2);
        let found = outcome(&[("procfile", "web: node x\n"), ("release.yml", NODE)]).unwrap();
        assert_eq!(found.process_types()[&ProcessType::web()], "node x");
    }

    #[test]
    fn process_types_are_told_in_herokus_forms() {
        let told = |files: &[(&str, &str)]| outcome(files).unwrap().describe_process_types();
        assert_eq!(
            told(&[("procfile", "web: a\nrelease: b\n"), ("release.yml", NODE)]),
            ["       Procfile declares types -> release, web"]
        );
        assert_eq!(
            told(&[("release.yml", NODE)]),
            ["       Procfile declares types     -> (none)", "       Default types for buildpack -> web"]
        );
        assert_eq!(told(&[]), ["       Procfile declares types -> (none)"]);
    }

    #[test]
    fn a_hundred_wrong_lines_are_not_all_told() {
        let procfile = "not an entry\n".repeat(100);
        let told = outcome(&[("procfile", procfile.as_str())]).unwrap().describe_process_types();
        assert_eq!(told.len(), 1 + WARNINGS_SHOWN + 1);
        assert_eq!(told.last().unwrap(), " !     … and 90 more of the kind");
    }

    #[test]
    fn release_output_may_be_empty_and_must_be_yaml() {
        for yaml in ["", "---", "--- {}", "addons: []\n", "default_process_types:\n", "config_vars: {A: b}"] {
            assert_eq!(outcome(&[("release.yml", yaml)]).unwrap().defaults.len(), 0, "{yaml}");
        }
        for yaml in ["{", "- a", "default_process_types: [web]", "\tx"] {
            assert!(outcome(&[("release.yml", yaml)]).is_err(), "{yaml}");
        }
    }

    #[test]
    fn odd_results_do_no_harm() {
        let found = outcome(&[
            ("language", "  Node\u{7}.js\nmore"),
            ("stages", "compile 12\nwho 3\nunpack x\ncompile 99999999999\n"),
            ("release.yml", "default_process_types: {'we b': a, web: ''}"),
        ])
        .unwrap();
        assert_eq!(found.language.as_deref(), Some("Node.js"));
        let digest = "0123456789abcdef".repeat(4);
        let lines = format!("b\n..\na/b\nb {digest}\n.a {digest}0\n\n y\n");
        let large = outcome(&[("large", lines.as_str())]).unwrap().large;
        assert_eq!(large, BTreeMap::from([(".a".to_owned(), None), ("b".to_owned(), Some(digest))]));
        assert_eq!(found.stages, [("compile", Duration::from_millis(12))]);
        assert!(found.defaults.is_empty() && found.cache_changed);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_parse(tar: Vec<u8>, yaml: Vec<u8>) {
            drop(files(&tar));
            drop(default_process_types(&yaml));
        }
    }
}
