//! What a build has made, as layers. What an app depends on is mostly in a few large directories, and mostly the same as in
//! the release before: each of those is a layer of its own, made only when it has other files in it, and pulled only by
//! hosts that do not have it. The app's own code comes last.

use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use paas_hosts::{ByteStream, ContainerName, EngineError};
use paas_model::SlugLayer;

use crate::{
    BuildError, BuilderError,
    attempt::Attempt,
    folders::Folders,
    layer::{From, Layer, Repack, Stored},
    outcome::Outcome,
    sandbox,
    secrets::Secrets,
    transcript::{Transcript, human_size},
};

/// All of `/app`, in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slug {
    /// The bottom one first.
    pub layers: Vec<SlugLayer>,
    pub folders: Folders,
}

/// Layers that are made side by side: one that waits for the engine leaves the processors to the other.
const AT_ONCE: usize = 2;

impl Slug {
    /// Compressed bytes.
    pub(crate) fn size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.size).sum()
    }
}

impl Attempt<'_> {
    pub(crate) async fn store_slug(
        &self,
        container: &ContainerName,
        outcome: &Outcome,
        transcript: &Transcript,
    ) -> Result<Slug, BuildError> {
        let since = Instant::now();
        let limit = self.builder.config.limits.slug_bytes;
        let repack = Repack {
            root: "app".to_owned(),
            from: From::Container,
            limit,
            secrets: Secrets::warned_of_in_slugs(&self.request.config),
            newest: outcome.source_time,
            is_last: false,
        };
        let large = outcome.large.iter().map(|name| {
            (format!("{}/{name}", sandbox::LARGE), Repack { root: format!("app/{name}"), ..repack.clone() })
        });
        let rest = (sandbox::build_dir(self.request.app_id), Repack { is_last: true, ..repack.clone() });
        let layers = large.chain([rest]).map(|(path, repack)| self.store_layer(container, path, repack, transcript));
        let layers: Vec<_> = layers.map(FutureExt::boxed).collect();
        let stored: Vec<Stored> = stream::iter(layers).buffered(AT_ONCE).try_collect().await?;

        let (mut slug, mut size, mut upload) =
            (Slug { layers: vec![], folders: Folders::default() }, 0, Duration::ZERO);
        for stored in stored {
            match stored {
                Stored::Layer(layer) => {
                    self.warn(&layer, transcript).await;
                    size += layer.slug.size;
                    // They overlap: what counts as upload is what was left of it in the end.
                    upload = layer.upload;
                    slug.layers.push(layer.slug);
                    slug.folders.add(layer.folders);
                }
                Stored::TooLarge { size: one } => size += one,
                Stored::Refused { why } => {
                    let text = format!(" !     Push rejected, no slug can be made of the build: {why}.\n\n");
                    return self.reject(transcript, &text, "no slug").await;
                }
            }
        }
        if size > limit {
            let text = format!(
                " !     Compiled slug size: {} is too large (max is {}).\n !     See: {}#slug-size",
                human_size(size),
                human_size(limit),
                self.builder.config.help,
            );
            return self.reject(transcript, &text, "the slug is too large").await;
        }
        transcript.took("slug", since.elapsed().saturating_sub(upload)).await;
        transcript.took("upload", upload).await;
        Ok(slug)
    }

    async fn store_layer(
        &self,
        container: &ContainerName,
        path: String,
        repack: Repack,
        transcript: &Transcript,
    ) -> Result<Stored, BuildError> {
        let repository = format!("apps/{}", self.request.app_id);
        let (known, registry) = (&self.request.layers, &self.builder.registry);
        // The app's own code is another one nearly every time, and small: it is not read twice.
        if !repack.is_last && known.iter().any(|layer| !layer.content.is_empty()) {
            let tar = self.download(container, &path, transcript).await?;
            if let Some(layer) = repack.clone().look(tar, known).await?
                && registry.has_blob(&repository, &layer.slug.digest).await?
            {
                return Ok(Stored::Layer(layer));
            }
        }
        let tar = self.download(container, &path, transcript).await?;
        Ok(repack.store(tar, registry, &repository).await?)
    }

    async fn download(
        &self,
        container: &ContainerName,
        path: &str,
        transcript: &Transcript,
    ) -> Result<ByteStream, BuildError> {
        match self.engine.download(container, path).await {
            Ok(tar) => Ok(tar),
            Err(EngineError::NoSuchPath { .. }) => {
                let text = " !     Push rejected, the build removed its own directory.\n\n";
                self.reject(transcript, text, "no build directory").await
            }
            Err(error) => Err(BuilderError::engine("read a build's result")(error).into()),
        }
    }

    async fn warn(&self, layer: &Layer, transcript: &Transcript) {
        for file in &layer.left_out {
            transcript.line(format!(" !     {file}")).await;
        }
        for (file, name) in &layer.secrets {
            let warning = format!(
                " !     Warning: {file} holds the value of the config var {name}, for everybody who gets the slug."
            );
            transcript.line(warning).await;
        }
    }
}
