use serde::{Deserialize, Serialize};

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
}
