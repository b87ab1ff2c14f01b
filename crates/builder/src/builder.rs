use std::{collections::BTreeMap, time::Instant};

use bytes::Bytes;
use paas_hosts::{Engine, EngineError};
use paas_model::{
    AppId, AppName, BuildId, BuildpackSource, ConfigId, ConfigVars, ContainerImages, ProcessType, SlugLayer,
};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    BuildError, BuildEvent, BuilderConfig, BuilderError, CONTAINER_STACK, Registry, StackConfig,
    attempt::{Attempt, Ran},
    container::ContainerAttempt,
    folders::Folders,
    release_image::ReleaseImages,
    sandbox,
    secrets::Secrets,
    transcript::{Transcript, human_size},
};

/// Turns source into release images. One serves any number of builds, on any engine.
#[derive(Debug)]
pub struct Builder {
    pub(crate) config: BuilderConfig,
    pub(crate) registry: Registry,
    pub(crate) images: ReleaseImages,
    /// Of run images, by digest.
    pub(crate) sboms: Mutex<BTreeMap<String, Option<Bytes>>>,
}

/// One build of one app.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    pub build_id: BuildId,
    pub app_id: AppId,
    pub app_name: AppName,
    /// A `.tar.gz` in the registry's repository `sources`.
    pub source_digest: String,
    /// Git commit, or whatever the client calls it: `SOURCE_VERSION` for buildpacks.
    pub version: Option<String>,
    /// Name of one of the configured stacks.
    pub stack: String,
    /// For ENV_DIR; never in the container's environment.
    pub config: ConfigVars,
    /// Another one when they change.
    pub config_id: ConfigId,
    /// Given for this build, set on the app, or pinned by an earlier build. Empty: `BUILDPACK_URL`, or detection.
    pub buildpacks: Vec<BuildpackSource>,
    /// What an earlier build of the app, on this stack, gave as [`Built::cache_digest`].
    pub cache_digest: Option<String>,
    /// Of a slug of the app: those that come out the same again are used again, and hosts that have them pull nothing.
    pub layers: Vec<SlugLayer>,
}

/// A build's result, all of it in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Of `/app`, the bottom one first: its largest directories, a layer each, and then all else.
    pub layers: Vec<SlugLayer>,
    /// The release image, as hosts pull it: `HOST/apps/APP_ID@sha256:…`.
    pub image: String,
    /// The request's, or [`CONTAINER_STACK`] for what came of a Dockerfile.
    pub stack: String,
    /// In place of one image for all: what each process type runs. `None`: it was built by buildpacks.
    pub container: Option<ContainerImages>,
    /// For the app's next build. `None`: nothing is worth keeping.
    pub cache_digest: Option<String>,
    /// The Procfile's, and the buildpack's defaults for those that it does not name.
    pub process_types: BTreeMap<ProcessType, String>,
    /// What the last buildpack calls itself: `Node.js`.
    pub buildpack_description: Option<String>,
    /// Those that ran; after detection, the one to pin (Heroku: the first good build sets the app's buildpack).
    pub buildpacks: Vec<BuildpackSource>,
}

impl Builder {
    #[must_use]
    pub fn new(config: BuilderConfig, registry: Registry) -> Self {
        Self { config, registry, images: ReleaseImages::default(), sboms: Mutex::default() }
    }

    /// Builds, telling `events` of it as it goes; nobody listening is no reason to stop. May be repeated for the same
    /// build: what an earlier attempt left is removed first. After a success the container is still there, as nobody has to
    /// wait until it is removed: call [`Self::clean`] once the result is written down. Else none is left behind, unless the
    /// future is dropped.
    ///
    /// # Errors
    /// [`BuildError::Rejected`] after the output said why; [`BuildError::Cancelled`] within moments of `cancel`;
    /// [`BuildError::Infrastructure`] when the engine or the registry fails.
    pub async fn build(
        &self,
        engine: &dyn Engine,
        request: &BuildRequest,
        events: mpsc::Sender<BuildEvent>,
        cancel: CancellationToken,
    ) -> Result<Built, BuildError> {
        let secrets = Secrets::masked_in_output(&request.config);
        let mut transcript = Transcript::new(events, self.config.limits.output_bytes, secrets);
        let result = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(BuildError::Cancelled),
            result = Box::pin(self.attempt(engine, request, &mut transcript)) => result,
        };
        if result.is_err()
            && let Err(error) = self.clean(engine, request.build_id).await
        {
            // The next attempt, or the reaper of containers without a row, takes it.
            tracing::warn!(build.id = %request.build_id, error = &error as &dyn std::error::Error, "a build's container is left over");
        }
        if matches!(result, Err(BuildError::Rejected { .. })) {
            transcript.text(" !     Push failed").await;
        }
        result
    }

    /// A stack's run image, as hosts pull it: `HOST/stacks/NAME@sha256:…`.
    ///
    /// # Errors
    /// [`BuilderError::NotFound`] when the registry does not have it yet; [`BuilderError::Registry`].
    pub async fn stack_image(&self, stack: &StackConfig) -> Result<String, BuilderError> {
        let image = self.images.stack(&self.registry, stack).await?;
        Ok(self.registry.by_digest(&stack.repository(), &image.digest))
    }

    /// Removes the container of a build whose attempt died.
    ///
    /// # Errors
    /// [`BuilderError::Engine`].
    pub async fn clean(&self, engine: &dyn Engine, build_id: BuildId) -> Result<(), BuilderError> {
        let name = sandbox::container(build_id);
        engine.remove(&name).await.map_err(BuilderError::engine("remove a build's container"))
    }

    async fn attempt(
        &self,
        engine: &dyn Engine,
        request: &BuildRequest,
        transcript: &mut Transcript,
    ) -> Result<Built, BuildError> {
        let container = ContainerAttempt { builder: self, engine, request };
        if request.stack == CONTAINER_STACK {
            return container.run(transcript).await;
        }
        let stack = self.stack(&request.stack)?;
        transcript.line(format!("-----> Building on the {} stack", stack.title())).await;
        let buildpacks = buildpacks(request, transcript).await?;
        let attempt =
            Attempt { builder: self, engine, request, stack, buildpacks: &buildpacks, reading: Mutex::new(()) };

        self.clean(engine, request.build_id).await?;
        let Ran::Compiled(sandbox, ran) = attempt.run(transcript).await? else {
            self.clean(engine, request.build_id).await?;
            return container.run(transcript).await;
        };
        let outcome = attempt.outcome(&sandbox, ran, transcript).await?;
        let transcript = &*transcript;
        transcript.line("-----> Discovering process types").await;
        transcript.text(&outcome.describe_process_types().join("\n")).await;
        transcript.line("").await;

        transcript.line("-----> Compressing...").await;
        let image = async {
            let slug = attempt.store_slug(&sandbox, &outcome, transcript).await?;
            transcript.line(format!("       Done: {}", human_size(slug.size()))).await;
            self.warn_of_size(slug.size(), &slug.folders, transcript).await;

            let since = Instant::now();
            let repository = format!("apps/{}", request.app_id);
            let image = self.images.write(&self.registry, stack, &repository, &slug.layers).await?;
            transcript.stage("image", since).await;
            Ok((slug.layers, image))
        };
        // They take turns at reading the container.
        let ((layers, image), cache_digest) =
            tokio::try_join!(image, attempt.store_cache(&sandbox, &outcome, transcript))?;
        Ok(Built {
            image,
            stack: stack.name.clone(),
            container: None,
            cache_digest,
            process_types: outcome.process_types(),
            buildpacks: match &outcome.detected {
                Some(name) => BuildpackSource::parse(name).into_iter().collect(),
                None => buildpacks,
            },
            buildpack_description: outcome.language,
            layers,
        })
    }

    /// A machine that cannot have one builds all the same: the operator is told, every time.
    pub(crate) async fn ensure_firewall(
        &self,
        engine: &dyn Engine,
        stack: &StackConfig,
        request: &BuildRequest,
    ) -> Result<(), BuilderError> {
        let Some(firewall) = &self.config.firewall else { return Ok(()) };
        match engine.ensure_build_firewall(&stack.build_image, firewall).await {
            Err(error @ EngineError::NoFirewall { .. }) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    build.id = %request.build_id,
                    "A BUILD RUNS WITHOUT A FIREWALL: it reaches whatever listens on this machine, the platform's own parts \
                     among it. See docs/hosts.md; PAAS_BUILD_FIREWALL=off accepts that"
                );
                Ok(())
            }
            other => other.map_err(BuilderError::engine("set the firewall of builds")),
        }
    }

    pub(crate) fn stack(&self, name: &str) -> Result<&StackConfig, BuilderError> {
        let found = self.config.stacks.iter().find(|stack| stack.name == name);
        found.ok_or_else(|| BuilderError::NoSuchStack(name.to_owned()))
    }

    async fn warn_of_size(&self, size: u64, folders: &Folders, transcript: &Transcript) {
        let soft = self.config.limits.slug_warn_bytes;
        if size > soft {
            let (size, soft) = (size >> 20, soft >> 20);
            let warning = format!(
                " !     Warning: Your slug size ({size} MB) exceeds our soft limit ({soft} MB) which may affect boot time."
            );
            transcript.line(warning).await;
            transcript.text(&folders.describe_largest().join("\n")).await;
        }
    }
}

/// The buildpacks to use; empty for detection. Heroku: those set on the app come before `BUILDPACK_URL`.
async fn buildpacks(request: &BuildRequest, transcript: &Transcript) -> Result<Vec<BuildpackSource>, BuildError> {
    if !request.buildpacks.is_empty() {
        return Ok(request.buildpacks.clone());
    }
    let Some(url) = request.config.get("BUILDPACK_URL").map(str::trim).filter(|url| !url.is_empty()) else {
        return Ok(vec![]);
    };
    match BuildpackSource::parse(url) {
        Ok(source) => Ok(vec![source]),
        Err(error) => {
            transcript.text(&format!(" !     Push rejected, the config var BUILDPACK_URL is wrong: {error}\n\n")).await;
            Err(BuildError::Rejected { reason: "BUILDPACK_URL is wrong".to_owned() })
        }
    }
}
