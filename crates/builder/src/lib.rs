//! From a source tarball to a release image: buildpacks in a sandbox, the slug as a layer, a manifest on top.
//!
//! ```text
//! builder.rs   Builder::build, the order of things          registry.rs       blobs and manifests
//! attempt.rs   one run: the container's life and limits      stack.rs          stack images, made or pulled
//! sandbox.rs   what goes into the container                  layer.rs, gzip.rs what comes out of it, written anew
//! build.sh     what runs in it                               release_image.rs  stack layers + slug
//! outcome.rs   what it found out                             transcript.rs     what the user sees
//! fetch.rs     sources from elsewhere, by source_url.rs      source_file.rs    one file of a source
//! slug_archive.rs  slugs that were made elsewhere           container/         images of Dockerfiles
//! warm.rs          containers that wait for builds          inspect.rs        what is in a slug, folders.rs by folder
//! rebase.rs        another stack under a slug                sbom.rs           what is in a stack
//! ```
//!
//! Invariants: this crate knows nothing of git, databases or releases. The source and all that a build leaves behind are
//! hostile: they are unpacked in the sandbox only, and what is read back is bounded and written anew. A user's failure is
//! a [`BuildError::Rejected`] whose text was shown; everything else is ours, and may be tried again.

mod attempt;
mod bridge;
mod builder;
mod config;
mod container;
mod error;
mod fetch;
mod folders;
mod gzip;
mod inspect;
mod layer;
mod layer_writer;
mod names;
mod outcome;
mod rebase;
mod registry;
mod release_image;
mod sandbox;
mod sbom;
mod secrets;
mod single_file;
mod slug;
mod slug_archive;
mod source_file;
mod source_url;
mod stack;
mod tar_entries;
#[cfg(feature = "testing")]
pub mod testing;
mod transcript;
mod warm;

pub use builder::{BuildRequest, Builder, Built};
pub use config::{BuildLimits, BuilderConfig, Mirrors};
pub use container::{APP_IMAGE_LABEL, CONTAINER_STACK, ManifestSetup};
pub use error::{BuildError, BuilderError};
pub use folders::FolderSize;
pub use inspect::{FileChange, FileFacts, FileKind, SlugContents, SlugDiff, SlugFile};
pub use ipnet::IpNet;
pub use rebase::Base;
pub use registry::{Blob, Registry, RegistryConfig};
pub use sandbox::build_of;
pub use slug_archive::StoredSlug;
pub use source_url::{InputError, SourceUrl};
pub use stack::{StackConfig, ensure_stacks};
pub use transcript::BuildEvent;
pub use warm::{WarmContainer, WarmRequest};
