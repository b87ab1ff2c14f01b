//! What a stack's run image says of itself: the list of its packages, which its Dockerfile puts there.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use oci_client::manifest::OciDescriptor;
use tar::Archive;

use crate::{Builder, BuilderError, StackConfig, bridge::bridge, layer::as_path, tar_entries::TarEntries};

/// Where an image has it, without the leading slash: CycloneDX, as JSON. `docker/stack/sbom.py` writes it.
const PATH: &str = "usr/share/paas/sbom.cdx.json";

/// Most bytes of it. That of `debian-13` has 60 KB.
const MAX_SIZE: u64 = 16 << 20;

/// Most bytes of a layer, unpacked.
const MAX_LAYER: u64 = 8 << 30;

impl Builder {
    /// The packages of a stack's run image, as CycloneDX JSON: the file that the image has in the registry. `None`: it has none.
    ///
    /// # Errors
    /// [`BuilderError::NotFound`] when the registry does not have the image yet; [`BuilderError::StackImage`] when the file is
    /// no JSON; [`BuilderError::Registry`].
    pub async fn stack_sbom(&self, stack: &StackConfig) -> Result<Option<Bytes>, BuilderError> {
        let image = self.images.stack(&self.registry, stack).await?;
        // Not held while a layer is read: a registry that hangs holds up whoever asks, and nobody else.
        let known = self.sboms.lock().await.get(&image.digest).cloned();
        if let Some(sbom) = known {
            return Ok(sbom);
        }
        let mut found = None;
        // What a higher layer has hides what is below. Ours is in the highest.
        for layer in image.manifest.layers.iter().rev() {
            found = self.file_of_layer(&stack.repository(), layer).await?;
            if found.is_some() {
                break;
            }
        }
        if let Some(sbom) = &found {
            serde_json::from_slice::<serde_json::Map<_, _>>(sbom).map_err(|error| BuilderError::StackImage {
                image: stack.run_image.clone(),
                reason: format!("its /{PATH} is no JSON object: {error}"),
            })?;
        }
        self.sboms.lock().await.insert(image.digest, found.clone());
        Ok(found)
    }

    async fn file_of_layer(&self, repository: &str, layer: &OciDescriptor) -> Result<Option<Bytes>, BuilderError> {
        let (_, blob) = self.registry.get_blob(repository, &layer.digest).await?;
        let (reader, feed) = bridge(blob, BuilderError::io("a stack's layer"));
        let work = tokio::task::spawn_blocking(move || find(MultiGzDecoder::new(reader).take(MAX_LAYER)));
        let (fed, found) = tokio::join!(feed, work);
        fed?;
        let found = found.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
        found.map_err(BuilderError::io("a stack's layer"))
    }
}

fn find(tar: impl Read) -> io::Result<Option<Bytes>> {
    let mut archive = Archive::new(tar);
    for entry in TarEntries::of(&mut archive)? {
        let mut entry = entry?;
        // `./usr/…` is the same file.
        if as_path(&entry.path).strip_prefix(".").unwrap_or(as_path(&entry.path)) == as_path(PATH.as_bytes()) {
            if entry.entry.size() > MAX_SIZE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, format!("/{PATH} is larger than 16 MB")));
            }
            let mut content = Vec::new();
            entry.entry.read_to_end(&mut content)?;
            return Ok(Some(content.into()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use tar::EntryType;

    use super::*;
    use crate::tar_entries::tests::raw;

    #[test]
    fn the_file_is_found_by_its_whole_path() {
        let other = raw(EntryType::Regular, "opt/usr/share/paas/sbom.cdx.json", b"{}");
        assert_eq!(find(other.as_slice()).unwrap(), None);
        for name in [PATH, "./usr/share/paas/sbom.cdx.json"] {
            let tar = [other.clone(), raw(EntryType::Regular, name, b"{\"a\":1}")].concat();
            assert_eq!(find(tar.as_slice()).unwrap().unwrap(), "{\"a\":1}");
        }
    }
}
