use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Buildpack, IdReference, Secret, Timestamp, UserReference};

/// One turn of source code into a slug.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Build {
    pub app: IdReference,
    /// The buildpacks that it was asked to use, or that ran; `None` while that is open.
    pub buildpacks: Option<Vec<Buildpack>>,
    pub created_at: Timestamp,
    /// `cedar`.
    #[serde(default = "cedar")]
    pub generation: String,
    pub id: Uuid,
    /// Plain text, streamed while the build runs and kept afterwards. Needs no token, hence a secret.
    pub output_stream_url: Secret,
    /// The release that it made; `None` before that, and for a failed build.
    pub release: Option<IdReference>,
    pub slug: Option<IdReference>,
    pub source_blob: SourceBlob,
    /// Milliseconds by stage, of those that have ended: `receive`, `wait`, `prepare`, `unpack`, `restore`, `detect`, `fetch`,
    /// `compile`, `pack`, `settle`, `run`, `slug`, `upload`, `image`, `cache`, `release`, `start`, `route`. `run` is all that the
    /// container does, from `unpack` to `settle`.
    #[serde(default)]
    pub stages: BTreeMap<String, u64>,
    /// Name of the stack that it was built on.
    pub stack: String,
    pub status: BuildStatus,
    pub updated_at: Timestamp,
    pub user: UserReference,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum BuildStatus {
    Failed,
    Pending,
    Succeeded,
}

/// Where the source code is and what to call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceBlob {
    /// `SHA256:` and hexadecimal digits of the tarball.
    #[serde(default)]
    pub checksum: Option<String>,
    /// A tar+gzip over http(s).
    pub url: Secret,
    /// A commit, or whatever the client calls this version.
    #[serde(default)]
    pub version: Option<String>,
    #[serde(default)]
    pub version_description: Option<String>,
}

/// Body of `POST /apps/:app/builds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildCreate {
    /// For this build only; `None`: the app's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buildpacks: Option<Vec<Buildpack>>,
    pub source_blob: SourceBlob,
}

/// What a build printed, once and for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildResult {
    pub build: BuildResultBuild,
    /// 0, or 1 for a build that failed; `None` while it runs.
    pub exit_code: Option<i32>,
    pub lines: Vec<BuildResultLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildResultBuild {
    pub id: Uuid,
    pub status: BuildStatus,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildResultLine {
    /// Its newline included.
    pub line: String,
    /// `STDOUT`.
    pub stream: String,
}

impl BuildStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
        }
    }
}

fn cedar() -> String {
    "cedar".to_owned()
}
