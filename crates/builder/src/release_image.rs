//! Release images: the stack's layers, then the slug's. Making one moves no layer and asks no engine.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use oci_client::manifest::{
    IMAGE_DOCKER_CONFIG_MEDIA_TYPE, IMAGE_DOCKER_LAYER_GZIP_MEDIA_TYPE, IMAGE_LAYER_GZIP_MEDIA_TYPE, OciDescriptor,
    OciImageManifest, OciManifest,
};
use paas_model::SlugLayer;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    Blob, BuilderError, Registry, StackConfig,
    registry::{Image, digest_of, tag_of},
};

/// Writes release images, and remembers the stacks' manifests as long as the registry has the same.
#[derive(Debug, Default)]
pub(crate) struct ReleaseImages {
    stacks: Mutex<BTreeMap<String, Image>>,
}

impl ReleaseImages {
    /// Writes an image whose last layers are the slug, which `repository` has already. Gives its name by digest,
    /// `HOST/repository@sha256:…`: whoever runs it gets what was written here, or nothing. Its tag, which keeps it from those
    /// who collect what no tag holds, is of its content too, so that no other image ever takes it.
    pub(crate) async fn write(
        &self,
        registry: &Registry,
        stack: &StackConfig,
        repository: &str,
        slug: &[SlugLayer],
    ) -> Result<String, BuilderError> {
        let base = self.stack(registry, stack).await?;
        let from = stack.repository();
        let mounts = base.manifest.layers.iter().map(|layer| registry.mount(&from, repository, &layer.digest));
        let (manifest, config) = put_on(&base, slug, stack)?;
        tokio::try_join!(registry.put_bytes(repository, config), try_join_all(mounts))?;
        let digest = registry.put_manifest(repository, None, &OciManifest::Image(manifest)).await?;
        Ok(registry.by_digest(repository, &digest))
    }

    /// Whether the image of this digest is what [`Self::write`] would make of the slug now.
    pub(crate) async fn is_current(
        &self,
        registry: &Registry,
        stack: &StackConfig,
        repository: &str,
        slug: &[SlugLayer],
        digest: &str,
    ) -> Result<bool, BuilderError> {
        let (newest, _) = put_on(&self.stack(registry, stack).await?, slug, stack)?;
        let found = registry.image(repository, &tag_of(digest)).await?;
        // Not the manifest's own digest: that hangs on how it was written down, which is no reason to roll anything out.
        Ok(found.is_some_and(|found| {
            found.manifest.config.digest == newest.config.digest && layers(&found.manifest) == layers(&newest)
        }))
    }

    /// A stack's run image as the registry has it now.
    pub(crate) async fn stack(&self, registry: &Registry, stack: &StackConfig) -> Result<Image, BuilderError> {
        let (repository, tag) = (stack.repository(), stack.tag());
        let key = format!("{repository}:{tag}");
        let digest = registry.manifest_digest(&repository, &tag).await?;
        let mut known = self.stacks.lock().await;
        if let Some(found) = known.get(&key).filter(|found| Some(&found.digest) == digest.as_ref()) {
            return Ok(found.clone());
        }
        let found = registry.image(&repository, &tag).await?.ok_or_else(|| BuilderError::NotFound(key.clone()))?;
        known.insert(key, found.clone());
        Ok(found)
    }
}

/// An image of the slug on this run image: its manifest, and its configuration.
fn put_on(base: &Image, slug: &[SlugLayer], stack: &StackConfig) -> Result<(OciImageManifest, Vec<u8>), BuilderError> {
    let config = release_config(&base.config, slug)
        .map_err(|reason| BuilderError::StackImage { image: stack.run_image.clone(), reason: reason.to_owned() })?;
    let mut manifest = base.manifest.clone();
    let docker = manifest.config.media_type == IMAGE_DOCKER_CONFIG_MEDIA_TYPE;
    let layer_type = if docker { IMAGE_DOCKER_LAYER_GZIP_MEDIA_TYPE } else { IMAGE_LAYER_GZIP_MEDIA_TYPE };
    let blob = Blob { digest: digest_of(&config), size: config.len() as u64 };
    manifest.config = descriptor(&manifest.config.media_type, &blob);
    let layers = slug.iter().map(|layer| Blob { digest: layer.digest.clone(), size: layer.size });
    manifest.layers.extend(layers.map(|blob| descriptor(layer_type, &blob)));
    Ok((manifest, config))
}

fn layers(manifest: &OciImageManifest) -> Vec<&str> {
    manifest.layers.iter().map(|layer| layer.digest.as_str()).collect()
}

/// The stack's configuration with the slug on top: run as 1000:1000 in /app, and no command of its own.
fn release_config(stack: &str, slug: &[SlugLayer]) -> Result<Vec<u8>, &'static str> {
    let mut image: Value = serde_json::from_str(stack).map_err(|_| "its configuration is not JSON")?;
    let layers = image.pointer_mut("/rootfs/diff_ids").and_then(Value::as_array_mut);
    layers.ok_or("its configuration lists no layers")?.extend(slug.iter().map(|layer| json!(layer.diff_id)));
    if let Some(history) = image.get_mut("history").and_then(Value::as_array_mut) {
        history.extend(slug.iter().map(|_| json!({ "created_by": "slug" })));
    }
    let root = image.as_object_mut().ok_or("its configuration is no object")?;
    // Docker's note of the container that a layer was made in; it has nothing to do with this image.
    root.remove("container");
    root.remove("container_config");
    let config = root.entry("config").or_insert_with(|| json!({}));
    if !config.is_object() {
        *config = json!({});
    }
    let mut env: Vec<Value> = config["Env"].as_array().cloned().unwrap_or_default();
    env.retain(|pair| !pair.as_str().is_some_and(|pair| pair.starts_with("HOME=")));
    env.push(json!("HOME=/app"));
    config["Env"] = json!(env);
    config["User"] = json!("1000:1000");
    config["WorkingDir"] = json!("/app");
    config["Cmd"] = Value::Null;
    config["Entrypoint"] = Value::Null;
    serde_json::to_vec(&image).map_err(|_| "its configuration cannot be written")
}

pub(crate) fn descriptor(media_type: &str, blob: &Blob) -> OciDescriptor {
    OciDescriptor {
        media_type: media_type.to_owned(),
        digest: blob.digest.clone(),
        // Sizes are bounded by the slug limit, far below where this would saturate.
        size: i64::try_from(blob.size).unwrap_or(i64::MAX),
        ..OciDescriptor::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slug_comes_last_and_runs_as_the_apps_account() {
        let stack = json!({
            "architecture": "amd64", "os": "linux",
            "config": { "Env": ["PATH=/bin", "HOME=/root"], "User": "root", "Cmd": ["bash"] },
            "rootfs": { "type": "layers", "diff_ids": ["sha256:a"] },
            "history": [{ "created_by": "debian" }],
        });
        let slug = ["sha256:b", "sha256:c"].map(|id| SlugLayer { diff_id: id.to_owned(), ..SlugLayer::default() });
        let config: Value = serde_json::from_slice(&release_config(&stack.to_string(), &slug).unwrap()).unwrap();
        assert_eq!(config["rootfs"]["diff_ids"], json!(["sha256:a", "sha256:b", "sha256:c"]));
        assert_eq!(config["config"]["User"], "1000:1000");
        assert_eq!(config["config"]["Env"], json!(["PATH=/bin", "HOME=/app"]));
        assert_eq!(config["history"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn a_stack_image_that_is_none_is_refused() {
        for config in ["", "[]", "{}", r#"{"rootfs":{"diff_ids":1}}"#] {
            assert!(release_config(config, &[]).is_err(), "{config}");
        }
    }
}
