use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a buildpack comes from (Heroku: "Choosing buildpacks").
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BuildpackSource {
    /// `heroku/nodejs` or `nodejs`: one that comes with the platform. Holds the short name, `nodejs`.
    Builtin(String),
    /// A git URL, and the branch, tag or commit behind `#`.
    Git { url: String, reference: Option<String> },
    /// A `.tgz` or `.tar.gz` over http(s).
    Tarball(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildpackSourceError {
    #[error("There is no such buildpack. Give {ours}, a git URL, or the URL of a .tgz.", ours = ours())]
    Missing,
    #[error("There is no buildpack {0}. Give {ours}, a git URL, or the URL of a .tgz.", ours = ours())]
    Unknown(String),
    #[error("{0:?} is not a buildpack URL: it must begin with https:// or http:// and hold no blanks.")]
    Url(String),
}

/// Buildpacks that come with the platform, and what each is for. One that is not detected either is only ever set.
pub const BUILTIN: [(&str, &str); 12] = [
    ("ruby", "Ruby"),
    ("nodejs", "Node.js"),
    ("python", "Python"),
    ("java", "Java, by Maven or Gradle"),
    ("php", "PHP"),
    ("go", "Go"),
    ("rust", "Rust"),
    ("static", "Static sites"),
    ("apt", "Debian packages"),
    ("nginx", "nginx in front of an app"),
    ("pgbouncer", "A pool of database connections"),
    ("procfile", "Ready programs"),
];

fn ours() -> String {
    BUILTIN.map(|(name, _)| format!("heroku/{name}")).join(", ")
}

/// Those that detection tries, in this order (Heroku's, and then ours).
pub const DETECTED: [&str; 8] = ["ruby", "nodejs", "python", "java", "php", "go", "rust", "static"];

/// The one that detection takes when no other fits. It is not set on the app: the next push may fit another.
pub const FALLBACK: &str = "procfile";

impl BuildpackSource {
    /// # Errors
    /// A short name that the platform does not have, or a URL that is none.
    pub fn parse(text: &str) -> Result<Self, BuildpackSourceError> {
        let text = text.strip_prefix("urn:buildpack:").unwrap_or(text);
        if text.is_empty() {
            return Err(BuildpackSourceError::Missing);
        }
        if !text.contains("://") && !text.starts_with("git@") {
            // Heroku's registry has `apt` and others under the community's name.
            let name = ["heroku/", "heroku-community/"].iter().find_map(|prefix| text.strip_prefix(prefix));
            // Heroku has two for Java.
            let name = name.map_or(text, |name| if name == "gradle" { "java" } else { name });
            return match BUILTIN.iter().any(|(known, _)| *known == name) {
                true => Ok(Self::Builtin(name.to_owned())),
                false => Err(BuildpackSourceError::Unknown(text.to_owned())),
            };
        }
        let web = text.starts_with("https://") || text.starts_with("http://");
        if !web || text.len() > 2_048 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(BuildpackSourceError::Url(text.to_owned()));
        }
        if text.ends_with(".tgz") || text.ends_with(".tar.gz") {
            return Ok(Self::Tarball(text.to_owned()));
        }
        Ok(match text.split_once('#') {
            Some((url, reference)) if !reference.is_empty() => {
                Self::Git { url: url.to_owned(), reference: Some(reference.to_owned()) }
            }
            _ => Self::Git { url: text.trim_end_matches('#').to_owned(), reference: None },
        })
    }

    /// Short name for people: `heroku/nodejs`, or the URL.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Builtin(name) => format!("heroku/{name}"),
            other => other.url(),
        }
    }

    /// What the API shows as `buildpack.url`.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Builtin(name) => format!("urn:buildpack:heroku/{name}"),
            Self::Git { url, reference: None } | Self::Tarball(url) => url.clone(),
            Self::Git { url, reference: Some(reference) } => format!("{url}#{reference}"),
        }
    }
}

impl fmt::Display for BuildpackSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl TryFrom<String> for BuildpackSource {
    type Error = BuildpackSourceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<BuildpackSource> for String {
    fn from(source: BuildpackSource) -> Self {
        source.url()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_parses_and_shows_itself_again() {
        for (text, name, url) in [
            ("heroku/nodejs", "heroku/nodejs", "urn:buildpack:heroku/nodejs"),
            ("python", "heroku/python", "urn:buildpack:heroku/python"),
            ("heroku/gradle", "heroku/java", "urn:buildpack:heroku/java"),
            ("heroku-community/apt", "heroku/apt", "urn:buildpack:heroku/apt"),
            ("urn:buildpack:heroku/python", "heroku/python", "urn:buildpack:heroku/python"),
            ("https://x.test/a.git#v1", "https://x.test/a.git#v1", "https://x.test/a.git#v1"),
            ("https://x.test/a.tgz", "https://x.test/a.tgz", "https://x.test/a.tgz"),
        ] {
            let source = BuildpackSource::parse(text).unwrap();
            assert_eq!((source.name().as_str(), source.url().as_str()), (name, url));
            assert_eq!(BuildpackSource::parse(&source.url()), Ok(source));
        }
    }

    #[test]
    fn others_are_refused() {
        for text in [
            "",
            "heroku/cobol",
            "heroku/heroku-community/apt",
            "ftp://x/y.git",
            "https://x y",
            "file:///etc",
            "git@github.com:a/b.git",
            "--upload-pack=x",
        ] {
            assert!(BuildpackSource::parse(text).is_err(), "{text}");
        }
    }
}
