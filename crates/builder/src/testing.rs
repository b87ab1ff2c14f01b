//! For tests of what stands on the builder.

use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use oci_client::manifest::{
    IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_GZIP_MEDIA_TYPE, OciDescriptor, OciImageManifest, OciManifest,
};
use serde_json::json;

use crate::{BuilderError, Registry, StackConfig, registry::digest_of, release_image::descriptor};

/// Gives the registry a run image of the stack that has no layers: enough to put slugs on.
///
/// # Errors
/// [`BuilderError::Registry`].
pub async fn publish_empty_stack(registry: &Registry, stack: &StackConfig) -> Result<(), BuilderError> {
    publish(registry, stack, Vec::new(), Vec::new()).await
}

/// The same for one that has the list of its packages and nothing else: `bash` in this version.
///
/// # Errors
/// [`BuilderError::Registry`].
pub async fn publish_stack_with_packages(
    registry: &Registry,
    stack: &StackConfig,
    version: &str,
) -> Result<(), BuilderError> {
    let sbom = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "components": [{ "type": "library", "name": "bash", "version": version }],
    });
    let tar = tar_of("usr/share/paas/sbom.cdx.json", sbom.to_string().as_bytes());
    let (tar, gzip) = tar.and_then(|tar| gzipped(&tar).map(|gzip| (tar, gzip))).map_err(BuilderError::io("a tar"))?;
    let layer = registry.put_bytes(&stack.repository(), gzip).await?;
    publish(registry, stack, vec![descriptor(IMAGE_LAYER_GZIP_MEDIA_TYPE, &layer)], vec![digest_of(&tar)]).await
}

async fn publish(
    registry: &Registry,
    stack: &StackConfig,
    layers: Vec<OciDescriptor>,
    diff_ids: Vec<String>,
) -> Result<(), BuilderError> {
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {}, "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let config = registry.put_bytes(&stack.repository(), config.to_string().into_bytes()).await?;
    let config = descriptor(IMAGE_CONFIG_MEDIA_TYPE, &config);
    let manifest = OciImageManifest { config, layers, ..OciImageManifest::default() };
    registry.put_manifest(&stack.repository(), Some(&stack.tag()), &OciManifest::Image(manifest)).await.map(drop)
}

fn tar_of(path: &str, content: &[u8]) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, path, content)?;
    tar.into_inner()
}

fn gzipped(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes)?;
    gzip.finish()
}
