//! What is in slugs. Ours: Heroku has none of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{NamedReference, Timestamp};

/// A slug without the way to its archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlugSummary {
    /// The language, as the buildpack said it.
    pub buildpack_provided_description: Option<String>,
    /// `SHA256:` and hexadecimal digits; the same for slugs that are the same. Of the compressed archive, if it is one layer.
    pub checksum: String,
    pub commit: Option<String>,
    pub commit_description: Option<String>,
    pub created_at: Timestamp,
    pub id: Uuid,
    /// Process type to command.
    pub process_types: BTreeMap<String, String>,
    /// Versions of the releases with it, the oldest first.
    pub releases: Vec<i32>,
    /// Bytes, compressed.
    pub size: u64,
    pub stack: NamedReference,
    pub updated_at: Timestamp,
}

/// How much is where in a slug.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlugContents {
    /// Unpacked.
    pub bytes: u64,
    /// How many there are: all that is no directory.
    pub files: u64,
    /// The largest first, each followed by the largest in it.
    pub folders: Vec<SlugFolder>,
    pub slug: SlugSummary,
}

/// A folder at the top of a slug, or in one of those, with all that is below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlugFolder {
    pub bytes: u64,
    pub files: u64,
    /// `node_modules/next`
    pub path: String,
}

/// A file of a slug.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlugFile {
    #[serde(flatten)]
    pub facts: SlugFileFacts,
    /// Below `/app`.
    pub path: String,
}

/// What can be said of a file without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlugFileFacts {
    pub kind: SlugFileKind,
    /// Permissions in octal digits: `644`.
    pub mode: String,
    /// Bytes of its content; links have none.
    pub size: u64,
    /// What a link points at.
    pub target: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SlugFileKind {
    File,
    /// Another name of a file.
    Link,
    Symlink,
}

/// What stands behind the question mark of `GET /apps/:app/slugs/:slug/diff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlugDiffQuery {
    /// The older of the two: a slug's id, or a release's version.
    pub from: String,
}

/// How one slug differs from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlugDiff {
    /// By path. Directories are left out, and times are not looked at.
    pub files: Vec<SlugFileChange>,
    pub from: SlugSummary,
    /// Unpacked.
    pub from_bytes: u64,
    pub to: SlugSummary,
    pub to_bytes: u64,
    /// How many files are the same in both.
    pub unchanged: u64,
}

/// A file that is in one of two slugs only, or is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlugFileChange {
    pub change: SlugChange,
    /// `None` where it was added.
    pub from: Option<SlugFileFacts>,
    pub path: String,
    /// `None` where it was removed.
    pub to: Option<SlugFileFacts>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SlugChange {
    Added,
    Changed,
    Removed,
}
