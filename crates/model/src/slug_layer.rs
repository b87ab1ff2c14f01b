use serde::{Deserialize, Serialize};

use crate::ConfigId;

/// An image layer with `/app`, or with a part of it. Of a slug that is the image of a Dockerfile: its web's image (or its
/// first), with the digests of its manifest and its configuration, and the bytes of its layers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlugLayer {
    /// Of the compressed blob: `sha256:…`.
    pub digest: String,
    /// Of the tar in it: `sha256:…`.
    pub diff_id: String,
    /// Compressed bytes.
    pub size: u64,
    /// Of what is in it, whatever the times of its files: layers for which this is the same can stand for each other. Empty:
    /// nobody knows.
    #[serde(default)]
    pub content: String,
    /// Of a directory that a build has made a layer of by itself; what is needed to use it again unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<SlugTree>,
}

/// A directory as the build that made it described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlugTree {
    /// Of the directory's name and of all that is in it, times left out. The app's own word: it says which layer of its own to
    /// use, and nothing of anybody else's.
    pub digest: String,
    /// That were looked for in it, and not found.
    pub config_id: ConfigId,
    /// Of the rules that it was looked at by.
    pub rules: u32,
    /// Bytes of the tar.
    pub unpacked: u64,
    /// Of the files in it.
    pub bytes: u64,
    /// All that is no directory.
    pub files: usize,
}
