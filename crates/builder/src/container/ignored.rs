//! `.dockerignore`: what the engine's own client leaves out of a build's context (Docker: ".dockerignore file").

use regex::{Regex, RegexBuilder};

/// Patterns that are read; each is held against every path.
const MOST: usize = 1_000;

/// Bytes that one pattern may take up once it is made ready.
const PATTERN_BYTES: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Ignored {
    /// Whether what it fits is ignored, or taken after all.
    patterns: Vec<(bool, Regex)>,
}

impl Ignored {
    /// Patterns that make no sense fit nothing.
    pub(super) fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.starts_with('#'));
        let patterns = lines.map(str::trim).filter(|line| !line.is_empty()).take(MOST).filter_map(|line| {
            let (ignores, pattern) = line.strip_prefix('!').map_or((true, line), |rest| (false, rest.trim()));
            let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
            let whole = format!("^{}(?:/.*)?$", expression(&parts.join("/")));
            let regex = RegexBuilder::new(&whole).size_limit(PATTERN_BYTES).dot_matches_new_line(true).build().ok()?;
            (!parts.is_empty()).then_some((ignores, regex))
        });
        Self { patterns: patterns.collect() }
    }

    /// Whether the path, relative to the context, is left out: the last pattern that fits it, or a directory above it,
    /// decides.
    pub(super) fn contains(&self, path: &str) -> bool {
        let fits = self.patterns.iter().rev().find(|(_, regex)| regex.is_match(path));
        fits.is_some_and(|(ignores, _)| *ignores)
    }
}

/// Go's `filepath.Match`, and `**` for any number of directories.
fn expression(pattern: &str) -> String {
    let mut regex = String::new();
    let mut rest = pattern.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '*' if rest.peek() == Some(&'*') => {
                rest.next();
                match rest.peek() {
                    Some('/') => {
                        rest.next();
                        regex.push_str("(?:.*/)?");
                    }
                    Some(_) | None => regex.push_str(".*"),
                }
            }
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '[' => {
                let class: String = rest.by_ref().take_while(|next| *next != ']').collect();
                let (not, class) = class.strip_prefix('^').map_or(("", class.as_str()), |class| ("^", class));
                let class: String = class
                    .chars()
                    .map(|next| if next == '-' { "-".to_owned() } else { regex::escape(&next.to_string()) })
                    .collect();
                regex.push_str(&format!("[{not}{class}]"));
            }
            '\\' => regex.push_str(&regex::escape(&rest.next().map(String::from).unwrap_or_default())),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_dockers_mean() {
        for (patterns, ignored, taken) in [
            ("node_modules", &["node_modules", "node_modules/a/b"][..], &["a/node_modules", "node_modules2"][..]),
            ("/tmp/", &["tmp", "tmp/a"], &["a/tmp"]),
            ("*/temp*", &["a/temporary", "a/temp/b"], &["temp", "a/b/temp"]),
            ("**/*.pyc", &["a.pyc", "a/b/c.pyc"], &["a.py"]),
            ("temp?", &["tempa"], &["temp", "tempab"]),
            ("*.md\n!README.md", &["a.md"], &["README.md", "a/b.md"]),
            ("*.md\n!README*.md\nREADME-secret.md", &["README-secret.md"], &["README.md"]),
            ("# no\n\n.git", &[".git", ".git/HEAD"], &["# no", ".gitignore"]),
            ("[a-c].txt\na+b{1}", &["b.txt", "a+b{1}"], &["d.txt", "aab{1}"]),
            ("*\n!app", &["x"], &["app", "app/main.py"]),
        ] {
            let found = Ignored::parse(patterns.as_bytes());
            for path in ignored {
                assert!(found.contains(path), "{patterns:?} ignores {path}");
            }
            for path in taken {
                assert!(!found.contains(path), "{patterns:?} takes {path}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_do_no_harm(patterns: Vec<u8>, path: String) {
            Ignored::parse(&patterns).contains(&path);
        }
    }
}
