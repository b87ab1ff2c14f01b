//! What a build has made, as layers. What an app depends on is mostly in a few large directories, and mostly the same as in
//! the release before: each of those is a layer of its own, made only when it has other files in it, and pulled only by
//! hosts that do not have it. The app's own code comes last.

use std::time::{Duration, Instant};

use paas_hosts::{ByteStream, ContainerName, EngineError};
use paas_model::{ConfigId, SlugLayer, SlugTree};

use crate::{
    BuildError, BuilderError,
    attempt::Attempt,
    folders::Folders,
    layer::{Budget, From, Layer, Repack, Stored},
    outcome::Outcome,
    sandbox,
    secrets::Secrets,
    transcript::{Transcript, human_size},
};

/// To be counted up whenever a slug may hold less, or a push warns of more: what was used unread until then is read once.
const RULES: u32 = 1;

/// All of `/app`, in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slug {
    /// The bottom one first.
    pub layers: Vec<SlugLayer>,
    pub folders: Folders,
}

impl Slug {
    /// Compressed bytes.
    pub(crate) fn size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.size).sum()
    }
}

impl Layer {
    /// Of a directory that is as it was. What a look into it could tell has been told.
    fn again(slug: &SlugLayer, name: &str, tree: &SlugTree) -> Self {
        Self {
            slug: slug.clone(),
            upload: Duration::ZERO,
            left_out: Vec::new(),
            secrets: Vec::new(),
            folders: Folders::of(name, tree.files as u64, tree.bytes),
            unpacked: tree.unpacked,
            files: tree.files,
        }
    }

    /// `None`: there is something to tell of it, each time.
    fn tree(&self, digest: &str, config_id: ConfigId) -> Option<SlugTree> {
        let Self { unpacked, files, .. } = *self;
        let is_clean = self.left_out.is_empty() && self.secrets.is_empty();
        let (_, bytes) = self.folders.total();
        is_clean.then(|| SlugTree { digest: digest.to_owned(), config_id, rules: RULES, unpacked, bytes, files })
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
        let mut repack = Repack {
            root: String::new(),
            from: From::Container,
            budget: Budget::of_slug(self.builder.config.limits.slug_bytes),
            secrets: Secrets::warned_of_in_slugs(&self.request.config),
            newest: outcome.source_time,
            is_last: false,
            taken: Vec::new(),
        };
        let (mut layers, mut folders) = (Vec::new(), Folders::default());
        for (name, tree) in &outcome.large {
            repack.root = format!("app/{name}");
            let path = format!("{}/{name}", sandbox::LARGE);
            let stored = match self.known_tree(name, tree.as_deref()).await? {
                Some(known) => Some(known),
                None => self.store_layer(container, &path, &repack).await?,
            };
            // One that is not there after all is not missed.
            if let Some(stored) = stored {
                let mut layer = self.accept(stored, &mut repack, transcript).await?;
                repack.taken.push(repack.root.clone());
                layer.slug.tree = tree.as_ref().and_then(|tree| layer.tree(tree, self.request.config_id));
                folders.add(layer.folders);
                layers.push(layer.slug);
            }
        }
        (repack.root, repack.is_last) = ("app".to_owned(), true);
        let path = sandbox::build_dir(self.request.app_id);
        let Some(stored) = self.store_layer(container, &path, &repack).await? else {
            let text = " !     Push rejected, the build removed its own directory.\n\n";
            return self.reject(transcript, text, "no build directory").await;
        };
        let layer = self.accept(stored, &mut repack, transcript).await?;
        // Reading, hashing, compressing and sending overlap: what counts as upload is what was left of it in the end.
        transcript.took("slug", since.elapsed().saturating_sub(layer.upload)).await;
        transcript.took("upload", layer.upload).await;
        folders.add(layer.folders);
        // Engines know a layer by all that is below it, too: what hosts have stays at the bottom, and in its order.
        let known = &self.request.layers;
        layers.sort_by_key(|layer| known.iter().position(|known| known.digest == layer.digest).unwrap_or(usize::MAX));
        layers.push(layer.slug);
        Ok(Slug { layers, folders })
    }

    /// The layer of the last slug that the directory was then, if nothing in it has changed. That is the build's own word, and
    /// all that it can have by it is a layer of its own app.
    async fn known_tree(&self, name: &str, tree: Option<&str>) -> Result<Option<Stored>, BuilderError> {
        let is_same = |known: &&SlugTree| {
            Some(&*known.digest) == tree && known.config_id == self.request.config_id && known.rules == RULES
        };
        for slug in &self.request.layers {
            if let Some(tree) = slug.tree.as_ref().filter(is_same)
                && self.is_there(slug).await?
            {
                return Ok(Some(Stored::Layer(Box::new(Layer::again(slug, name, tree)))));
            }
        }
        Ok(None)
    }

    /// Whether the registry has a layer. From now on it has been wanted lately, as one that is sent again: the registry's sweep
    /// spares it.
    async fn is_there(&self, layer: &SlugLayer) -> Result<bool, BuilderError> {
        let repository = format!("apps/{}", self.request.app_id);
        let registry = &self.builder.registry;
        let is_there = registry.has_blob(&repository, &layer.digest).await?;
        if is_there {
            registry.mount(&repository, &repository, &layer.digest).await?;
        }
        Ok(is_there)
    }

    /// `None`: there is no such directory.
    async fn store_layer(
        &self,
        container: &ContainerName,
        path: &str,
        repack: &Repack,
    ) -> Result<Option<Stored>, BuildError> {
        let _turn = self.reading.lock().await;
        let repository = format!("apps/{}", self.request.app_id);
        let (known, registry) = (&self.request.layers, &self.builder.registry);
        // The app's own code is another one nearly every time, and small: it is not read twice.
        if !repack.is_last && known.iter().any(|layer| !layer.content.is_empty()) {
            let Some(tar) = self.download(container, path).await? else { return Ok(None) };
            if let Some(layer) = repack.clone().look(tar, known).await?
                && self.is_there(&layer.slug).await?
            {
                return Ok(Some(Stored::Layer(Box::new(layer))));
            }
        }
        let Some(tar) = self.download(container, path).await? else { return Ok(None) };
        Ok(Some(repack.clone().store(tar, registry, &repository).await?))
    }

    async fn download(&self, container: &ContainerName, path: &str) -> Result<Option<ByteStream>, BuilderError> {
        match self.engine.download(container, path).await {
            Ok(tar) => Ok(Some(tar)),
            Err(EngineError::NoSuchPath { .. }) => Ok(None),
            Err(error) => Err(BuilderError::engine("read a build's result")(error)),
        }
    }

    /// Tells the user of what is in the layer, and takes it off what the slug may have.
    async fn accept(&self, stored: Stored, repack: &mut Repack, transcript: &Transcript) -> Result<Layer, BuildError> {
        let limit = self.builder.config.limits.slug_bytes;
        let spent = limit - repack.budget.compressed;
        let size = match stored {
            Stored::Layer(layer) => {
                if let Some(left) = repack.budget.less(&layer) {
                    repack.budget = left;
                    self.warn(&layer, transcript).await;
                    return Ok(*layer);
                }
                layer.slug.size
            }
            Stored::TooLarge { size } => size,
            Stored::Refused { why } => {
                let text = format!(" !     Push rejected, no slug can be made of the build: {why}.\n\n");
                return self.reject(transcript, &text, "no slug").await;
            }
        };
        let text = format!(
            " !     Compiled slug size: {} is too large (max is {}).\n !     See: {}#slug-size",
            human_size(spent + size),
            human_size(limit),
            self.builder.config.help,
        );
        self.reject(transcript, &text, "the slug is too large").await
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
