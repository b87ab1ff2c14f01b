use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{NamedReference, Secret, Timestamp, lenient};

/// An app's code, built: what runs on every dyno.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Slug {
    pub blob: SlugBlob,
    pub buildpack_provided_description: Option<String>,
    /// `SHA256:` and hexadecimal digits of the compressed archive.
    pub checksum: Option<String>,
    pub commit: Option<String>,
    pub commit_description: Option<String>,
    pub created_at: Timestamp,
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
    pub id: Uuid,
    /// Process type to command.
    pub process_types: BTreeMap<String, String>,
    /// Bytes, compressed.
    pub size: Option<u64>,
    pub stack: NamedReference,
    pub updated_at: Timestamp,
}

/// Where to get (`GET`) or put (`PUT`, in the answer to a create) the archive. Needs no token, hence a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlugBlob {
    pub method: String,
    pub url: Secret,
}

/// Body of `POST /apps/:app/slugs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlugCreate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buildpack_provided_description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_description: Option<String>,
    pub process_types: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "lenient::identity", skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}
