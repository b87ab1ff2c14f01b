//! The values of config vars, looked for where they do not belong: in what a build prints, and in what it makes. This is
//! against accidents. Whoever writes the build can always print a value in another form.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};
use paas_model::ConfigVars;
use url::Url;

/// Values that are looked for, by the names of their config vars.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets {
    names: Vec<String>,
    search: Option<AhoCorasick>,
    longest: usize,
}

/// Shorter values are words that any build prints.
const SHORTEST_MASKED: usize = 8;
const SHORTEST_WARNED_OF: usize = 13;

/// What frameworks put into the code for browsers, and what is therefore meant to be seen.
const PUBLIC: [&str; 8] =
    ["NEXT_PUBLIC_", "VITE_", "REACT_APP_", "PUBLIC_", "GATSBY_", "VUE_APP_", "EXPO_PUBLIC_", "NUXT_PUBLIC_"];

/// Values that everybody has.
const WORDS: [&str; 4] = ["production", "development", "staging", "localhost"];

impl Secrets {
    /// Those that a build's output is not to show.
    pub(crate) fn masked_in_output(config: &ConfigVars) -> Self {
        Self::of(config, SHORTEST_MASKED)
    }

    /// Those that a slug should not hold.
    pub(crate) fn warned_of_in_slugs(config: &ConfigVars) -> Self {
        Self::of(config, SHORTEST_WARNED_OF)
    }

    fn of(config: &ConfigVars, shortest: usize) -> Self {
        let (mut names, mut values) = (vec![], vec![]);
        let secret = |(name, _): &(&String, &String)| !PUBLIC.iter().any(|public| name.starts_with(public));
        for (name, value) in config.iter().filter(secret) {
            for value in parts(value).into_iter().filter(|part| part.len() >= shortest && !is_plain(part)) {
                names.push(name.clone());
                values.push(value);
            }
        }
        let longest = values.iter().map(String::len).max().unwrap_or(0);
        // Of a URL and the password in it, the URL.
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&values);
        let search = search.inspect_err(|error| tracing::error!(%error, "config vars cannot be looked for")).ok();
        Self { names, search: search.filter(|_| longest > 0), longest }
    }

    /// Bytes of the longest value.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.search.is_none()
    }

    /// The name of the first value that is in the text.
    pub(crate) fn first_in(&self, text: &[u8]) -> Option<&str> {
        let found = self.search.as_ref()?.find(text)?;
        Some(&self.names[found.pattern().as_usize()])
    }

    /// The text with `[NAME]` for each value.
    pub(crate) fn masked<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(search) = self.search.as_ref().filter(|search| search.is_match(text)) else {
            return Cow::Borrowed(text);
        };
        let mut masked = Vec::with_capacity(text.len());
        search.replace_all_with_bytes(text, &mut masked, |found, _, masked| {
            masked.extend_from_slice(format!("[{}]", self.names[found.pattern().as_usize()]).as_bytes());
            true
        });
        Cow::Owned(masked)
    }

    /// Where to cut the text at the latest, so that no value is cut in two: not after `at`, if that can be.
    pub(crate) fn cut(&self, text: &[u8], at: usize) -> usize {
        let Some(search) = &self.search else { return at };
        match search.find_iter(text).find(|found| found.start() < at && at < found.end()) {
            Some(found) if found.start() > 0 => found.start(),
            Some(found) => found.end(),
            None => at,
        }
    }
}

/// A value's lines, for it may be printed with others between them, and a URL's password.
fn parts(value: &str) -> Vec<String> {
    let lines = value.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    let mut parts: Vec<_> = lines.map(str::to_owned).collect();
    if let Some(password) = Url::parse(value).ok().as_ref().and_then(Url::password) {
        parts.push(password.to_owned());
    }
    parts
}

/// What tells nobody anything: a word, the name of a host or of a module, a URL that opens nothing.
fn is_plain(value: &str) -> bool {
    let is_name = || value.contains('.') && value.bytes().all(|c| c.is_ascii_lowercase() || c == b'.' || c == b'_');
    let is_open =
        |url: &Url| url.has_host() && url.username().is_empty() && url.password().is_none() && url.query().is_none();
    WORDS.contains(&value) || is_name() || Url::parse(value).is_ok_and(|url| is_open(&url) && url.path().len() < 24)
}

#[cfg(test)]
mod tests {
    use paas_model::ConfigPatch;

    use super::*;

    fn config(pairs: &[(&str, &str)]) -> ConfigVars {
        let patch: ConfigPatch = serde_json::from_value(serde_json::json!(
            pairs.iter().copied().collect::<std::collections::BTreeMap<_, _>>()
        ))
        .unwrap();
        ConfigVars::default().patched(&patch).unwrap().0
    }

    fn masked(pairs: &[(&str, &str)], text: &str) -> String {
        String::from_utf8(Secrets::masked_in_output(&config(pairs)).masked(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn values_are_masked_and_named() {
        let pairs =
            [("DATABASE_URL", "postgres://me:hunter22@db.example.com/x"), ("KEY", "12345678"), ("SHORT", "abc")];
        assert_eq!(masked(&pairs, "KEY=12345678 abc"), "KEY=[KEY] abc");
        assert_eq!(masked(&pairs, "to postgres://me:hunter22@db.example.com/x"), "to [DATABASE_URL]");
        assert_eq!(masked(&pairs, "password hunter22"), "password [DATABASE_URL]");
    }

    #[test]
    fn each_line_of_a_value_is_masked() {
        let pairs = [("PEM", "-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END KEY-----")];
        assert_eq!(masked(&pairs, "a MIIEvQIBADAN b"), "a [PEM] b");
        assert_eq!(masked(&pairs, "-----BEGIN KEY-----"), "-----BEGIN KEY-----");
    }

    #[test]
    fn what_tells_nothing_is_not_masked() {
        for (name, value) in [
            ("NODE_ENV", "production"),
            ("DJANGO_SETTINGS_MODULE", "example.settings.production"),
            ("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org/"),
            ("NEXT_PUBLIC_KEY", "pk_12345678"),
        ] {
            assert_eq!(masked(&[(name, value)], value), value);
        }
        for hook in ["https://hooks.example.com/services/T0000/B0000/XXXXXXXX", "https://example.com/?token=1234"] {
            assert_eq!(masked(&[("HOOK", hook)], hook), "[HOOK]");
        }
    }

    #[test]
    fn no_value_is_cut_in_two() {
        let secrets = Secrets::masked_in_output(&config(&[("KEY", "12345678")]));
        assert_eq!(secrets.cut(b"ab12345678cd", 5), 2);
        assert_eq!(secrets.cut(b"12345678cd", 5), 8);
        assert_eq!(secrets.cut(b"ab12345678cd", 11), 11);
    }
}
