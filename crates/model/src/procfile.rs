//! The Procfile. Its grammar, a line at a time (Heroku: section "Procfile", the reference runners' regex):
//!
//! ```text
//! entry   = type ":" blanks command        type = [A-Za-z0-9_-]{1,128}, command = anything, not empty
//! comment = blanks "#" anything
//! empty   = blanks
//! ```
//!
//! A byte order mark and CR LF are taken off. A type given twice: the last one wins. Any other line is left out with a
//! warning: Heroku drops it silently, which costs people an afternoon.

use std::{collections::BTreeMap, fmt};

use crate::ProcessType;

/// The process types that an app declares, with the shell command of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Procfile {
    pub entries: BTreeMap<ProcessType, String>,
    pub warnings: Vec<ProcfileWarning>,
}

/// Something that was left out or overruled; a warning never fails a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcfileWarning {
    /// `line` counts from 1; `text` is cut to 60 characters.
    NotAnEntry {
        line: usize,
        text: String,
    },
    Duplicate {
        kind: ProcessType,
    },
    /// The file was not UTF-8; what could not be read was replaced.
    NotUtf8,
    /// Entries past the limit were left out.
    TooManyTypes {
        limit: usize,
    },
}

impl Procfile {
    /// No real app comes near this; it bounds what a hostile file costs.
    pub const MAX_TYPES: usize = 1_000;

    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut parsed = Self::default();
        let text = String::from_utf8_lossy(bytes);
        if matches!(text, std::borrow::Cow::Owned(_)) {
            parsed.warnings.push(ProcfileWarning::NotUtf8);
        }
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim_end();
            if line.is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            match entry(line) {
                Some((kind, command)) => parsed.add(kind, command),
                None => parsed
                    .warnings
                    .push(ProcfileWarning::NotAnEntry { line: index + 1, text: line.chars().take(60).collect() }),
            }
        }
        parsed
    }

    fn add(&mut self, kind: ProcessType, command: &str) {
        if self.entries.len() >= Self::MAX_TYPES && !self.entries.contains_key(&kind) {
            let warning = ProcfileWarning::TooManyTypes { limit: Self::MAX_TYPES };
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
            return;
        }
        if self.entries.insert(kind.clone(), command.to_owned()).is_some() {
            self.warnings.push(ProcfileWarning::Duplicate { kind });
        }
    }
}

fn entry(line: &str) -> Option<(ProcessType, &str)> {
    let (kind, command) = line.split_once(':')?;
    let command = command.trim();
    (!command.is_empty()).then_some((ProcessType::parse(kind).ok()?, command))
}

impl fmt::Display for ProcfileWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnEntry { line, text } => {
                write!(f, "Procfile line {line} is not `type: command` and was left out: {text}")
            }
            Self::Duplicate { kind } => write!(f, "Procfile declares `{kind}` more than once; the last one is used"),
            Self::NotUtf8 => f.write_str("Procfile is not UTF-8; what could not be read was replaced"),
            Self::TooManyTypes { limit } => {
                write!(f, "Procfile declares more than {limit} process types; the rest was left out")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(String, String)> {
        let parsed = Procfile::parse(text.as_bytes());
        parsed.entries.into_iter().map(|(kind, command)| (kind.to_string(), command)).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn entries_keep_everything_that_a_shell_needs() {
        let text = "web: gunicorn app:app --bind 0.0.0.0:$PORT && echo \"a: b\"\nworker:python w.py | tee x; true &\n";
        let want = [
            ("web", "gunicorn app:app --bind 0.0.0.0:$PORT && echo \"a: b\""),
            ("worker", "python w.py | tee x; true &"),
        ];
        assert_eq!(entries(text), pairs(&want));
    }

    #[test]
    fn a_byte_order_mark_crlf_and_a_missing_newline_change_nothing() {
        assert_eq!(entries("\u{feff}web: a\r\nworker: b"), pairs(&[("web", "a"), ("worker", "b")]));
    }

    #[test]
    fn comments_and_blank_lines_are_left_out_quietly() {
        let parsed = Procfile::parse(b"# c\n\n  # d: e\nweb: a\n");
        assert_eq!((parsed.entries.len(), parsed.warnings.len()), (1, 0));
    }

    #[test]
    fn other_lines_warn() {
        let parsed = Procfile::parse("web a\n we b: x\nweb:\nweb: ok\n".as_bytes());
        assert_eq!(parsed.entries.len(), 1);
        assert_eq!(
            parsed.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "Procfile line 1 is not `type: command` and was left out: web a",
                "Procfile line 2 is not `type: command` and was left out:  we b: x",
                "Procfile line 3 is not `type: command` and was left out: web:",
            ]
        );
    }

    #[test]
    fn the_last_of_a_duplicate_wins() {
        let parsed = Procfile::parse(b"web: a\nweb: b\n");
        assert_eq!(parsed.entries[&ProcessType::web()], "b");
        assert_eq!(parsed.warnings, [ProcfileWarning::Duplicate { kind: ProcessType::web() }]);
    }

    #[test]
    fn ten_thousand_lines_are_bounded() {
        let text: String = (0..10_000).map(|n| format!("t{n}: sleep 1\n")).collect();
        let parsed = Procfile::parse(text.as_bytes());
        assert_eq!(parsed.entries.len(), Procfile::MAX_TYPES);
        assert_eq!(parsed.warnings, [ProcfileWarning::TooManyTypes { limit: Procfile::MAX_TYPES }]);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_parse(bytes: Vec<u8>) {
            let parsed = Procfile::parse(&bytes);
            proptest::prop_assert!(parsed.entries.len() <= Procfile::MAX_TYPES);
        }
    }
}
