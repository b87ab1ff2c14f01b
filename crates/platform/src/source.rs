use serde::{Deserialize, Serialize};

use crate::Secret;

/// `POST /sources`: a place to put source code for a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Source {
    pub source_blob: SourceUrls,
}

/// Both need no token, hence are secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceUrls {
    /// For `source_blob.url` of a build.
    pub get_url: Secret,
    /// `PUT` the tar+gzip here.
    pub put_url: Secret,
}
