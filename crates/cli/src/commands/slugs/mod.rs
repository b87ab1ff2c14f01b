pub(super) mod diff;
pub(super) mod info;
pub(super) mod list;

use paas_platform::SlugSummary;

use crate::error::Error;

/// What a slug is called on the command line: a release's version, or an id.
fn checked(slug: &str) -> Result<&str, Error> {
    match !slug.is_empty() && slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        true => Ok(slug),
        false => Err(Error::mistake(
            format!("{slug:?} is neither a release, as v12, nor a slug's id."),
            "`paas slugs` lists this app's slugs",
        )),
    }
}

/// `v3, v5`: the releases with it.
fn releases(slug: &SlugSummary) -> String {
    slug.releases.iter().map(|version| format!("v{version}")).collect::<Vec<_>>().join(", ")
}

/// The first digits of the commit.
fn commit(slug: &SlugSummary) -> String {
    slug.commit.as_deref().unwrap_or_default().chars().take(8).collect()
}
