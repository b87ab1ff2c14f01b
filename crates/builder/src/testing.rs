//! For tests of what stands on the builder.

use oci_client::manifest::{IMAGE_CONFIG_MEDIA_TYPE, OciImageManifest, OciManifest};

use crate::{BuilderError, Registry, StackConfig, release_image::descriptor};

/// Gives the registry a run image of the stack that has no layers: enough to put slugs on.
///
/// # Errors
/// [`BuilderError::Registry`].
pub async fn publish_empty_stack(registry: &Registry, stack: &StackConfig) -> Result<(), BuilderError> {
    let config = br#"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#;
    let config = registry.put_bytes(&stack.repository(), config.to_vec()).await?;
    let config = descriptor(IMAGE_CONFIG_MEDIA_TYPE, &config);
    let manifest = OciImageManifest { config, layers: Vec::new(), ..OciImageManifest::default() };
    registry.put_manifest(&stack.repository(), Some(&stack.tag()), &OciManifest::Image(manifest)).await.map(drop)
}
