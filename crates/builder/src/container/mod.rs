//! Builds of Dockerfiles: by `heroku.yml`, or of the one Dockerfile that an app has. The images go to the app's repository,
//! and what runs is named by digest, as with slugs.
//!
//! ```text
//! manifest.rs    heroku.yml: which images, what runs in each      dockerfile.rs  what a Dockerfile may reach for
//! context.rs     the directory that an image is built from        instructions.rs  where its instructions end
//! ignored.rs     .dockerignore
//! ```

mod context;
mod dockerfile;
mod ignored;
mod instructions;
mod manifest;
mod setup;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::{Duration, Instant},
};

use oci_client::Reference;
use paas_hosts::{AppImageBuild, Engine, EngineError, Limits, Network};
use paas_model::{ContainerImages, ProcessType, Procfile, SlugLayer};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{
    BuildError, BuildRequest, Builder, BuilderError, Built, InputError, SourceUrl, registry::Image,
    source_file::SourceFiles, transcript::Transcript,
};
use context::{Context, DOCKERFILE, NoContext};
use dockerfile::Dockerfile;
use ignored::Ignored;
use manifest::{BadManifest, ImageSource, Plan};
pub use setup::ManifestSetup;

/// The stack of apps that are images (Heroku's name for it).
pub const CONTAINER_STACK: &str = "container";

/// On every step's container and image: the app's id.
pub const APP_IMAGE_LABEL: &str = "paas.app-image";

/// Letters of an image's own command that are shown.
const SHOWN_COMMAND: usize = 4096;

const MANIFEST: &str = "heroku.yml";
const FILE_BYTES: u64 = dockerfile::LIMIT;

/// Images that whoever has an engine may have: they are used as the engine has them, without asking their registry.
const OFFICIAL: &str = "docker.io/library/";

/// One build of an app's images.
pub(crate) struct ContainerAttempt<'a> {
    pub builder: &'a Builder,
    pub engine: &'a dyn Engine,
    pub request: &'a BuildRequest,
}

/// An image in the registry.
struct Pushed {
    /// By digest, as hosts pull it.
    reference: String,
    image: Image,
}

impl ContainerAttempt<'_> {
    pub(crate) async fn run(&self, transcript: &mut Transcript) -> Result<Built, BuildError> {
        if !self.builder.config.container_builds {
            let text = "=!= This platform builds no Dockerfiles: its operator has switched it off.\n\n";
            return reject(transcript, text, "container builds are switched off").await;
        }
        if let Some(stack) = self.builder.config.stacks.first() {
            self.builder.ensure_firewall(self.engine, stack, self.request).await?;
        }
        transcript.text("=== Fetching app code\n\n").await;
        let tree = self.files(transcript, [MANIFEST, "Dockerfile", "Procfile"].map(str::to_owned).into()).await?;
        let plan = match plan(&tree) {
            Ok(plan) => plan,
            Err(why) => {
                let text = format!("=!= Fetching app code failed\n\n=!= {why}\n\n");
                return reject(transcript, &text, "no usable heroku.yml or Dockerfile").await;
            }
        };
        let seconds = self.builder.config.limits.seconds;
        let built = tokio::time::timeout(Duration::from_secs(seconds), self.images(&plan, transcript)).await;
        match built {
            Ok(images) => self.built(&plan, &images?, transcript).await,
            Err(_) => self.failed(transcript, "build", &format!("it took longer than {seconds} seconds")).await,
        }
    }

    /// Builds each image that the plan names, once.
    async fn images(
        &self,
        plan: &Plan,
        transcript: &mut Transcript,
    ) -> Result<BTreeMap<ImageSource, Pushed>, BuildError> {
        let sources: BTreeSet<&ImageSource> = plan.images.values().collect();
        let names = sources.iter().flat_map(|source| [source.dockerfile.clone(), own_ignore(source), ignore(source)]);
        let files = self.files(transcript, names.collect()).await?;
        let mut images = BTreeMap::new();
        for (number, source) in sources.into_iter().enumerate() {
            let kinds = plan.images.iter().filter(|(_, of)| *of == source).map(|(kind, _)| kind.as_str());
            let name = kinds.collect::<Vec<_>>().join(", ");
            let stage = source.target.as_ref().map(|target| format!(", stage {target}")).unwrap_or_default();
            let title = format!("{name} ({}{stage})", source.dockerfile);
            transcript.line(format!("=== Building {title}")).await;
            let since = Instant::now();
            let tag = self.tag(number);
            self.build(&tag, source, &name, plan, &files, transcript).await?;
            transcript.stage("compile", since).await;
            transcript.text(&format!("\n=== Pushing {title}")).await;
            let since = Instant::now();
            let pushed = self.push(&tag).await?;
            transcript.stage("upload", since).await;
            transcript.text(&format!("digest: {}\n\n", pushed.image.digest)).await;
            images.insert(source.clone(), pushed);
        }
        Ok(images)
    }

    /// Makes one image, under this name on the engine.
    async fn build(
        &self,
        tag: &str,
        source: &ImageSource,
        name: &str,
        plan: &Plan,
        files: &SourceFiles,
        transcript: &mut Transcript,
    ) -> Result<(), BuildError> {
        let Some(text) = files.files.get(&source.dockerfile) else {
            let why = format!("there is no {} in the app", source.dockerfile);
            return self.failed(transcript, name, &why).await;
        };
        let dockerfile = match Dockerfile::parse(text, &plan.args) {
            Ok(dockerfile) => dockerfile,
            Err(refusal) => {
                let why = format!("{}, {refusal}", source.dockerfile);
                return self.failed(transcript, name, &why).await;
            }
        };
        for note in &dockerfile.notes {
            transcript.line(format!(" !     {note}")).await;
        }
        let mut ids = BTreeMap::new();
        for base in &dockerfile.bases {
            let id = self.base(base, name, transcript).await?;
            ids.insert(base.clone(), id);
        }
        let app = self.request.app_id.to_string();
        let ignored = files.files.get(&own_ignore(source)).or_else(|| files.files.get(&ignore(source)));
        let limits = &self.builder.config.limits;
        let context = Context {
            root: files.root.clone(),
            directory: directory(source).to_owned(),
            ignored: ignored.map(|text| Ignored::parse(text)).unwrap_or_default(),
            dockerfile: dockerfile.write(&ids, (APP_IMAGE_LABEL, &app)),
            limit: limits.source_bytes,
        };
        let (context, drive) = context.stream(self.builder, &self.request.source_digest).await?;
        let build = AppImageBuild {
            tag: tag.to_owned(),
            context,
            dockerfile: DOCKERFILE.to_owned(),
            args: plan.args.clone(),
            target: source.target.as_ref().map(|target| target.to_ascii_lowercase()),
            label: (APP_IMAGE_LABEL.to_owned(), app),
            limits: Limits {
                memory_mb: limits.memory_mb,
                cpu_shares: crate::sandbox::CPU_SHARES,
                cpu_millis: limits.cpu_millis,
                processes: limits.processes,
                file_bytes: Some(limits.disk_bytes),
            },
            disk_bytes: limits.disk_bytes,
            network: Network::Builds,
        };
        let (lines, received) = mpsc::channel(64);
        let (built, driven, ()) =
            tokio::join!(self.engine.build_app_image(build, lines), drive, show(received, &ids, transcript));
        match (driven, built) {
            (Err(NoContext::Source(error)), _) => Err(error.into()),
            (Err(why), _) => self.failed(transcript, name, &why.to_string()).await,
            (Ok(()), Ok(())) => Ok(()),
            (Ok(()), Err(EngineError::ImageBuild { reason, .. })) => {
                // The engine names bases by what they are.
                let reason = ids.iter().fold(reason, |reason, (base, id)| reason.replace(id.as_str(), base));
                self.failed(transcript, name, reason.trim()).await
            }
            (Ok(()), Err(error)) => Err(BuilderError::engine("build an image")(error).into()),
        }
    }

    /// Has an image to build on, and gives its id.
    async fn base(&self, base: &str, name: &str, transcript: &Transcript) -> Result<String, BuildError> {
        let engine = |error| BuilderError::engine("fetch an image to build on")(error);
        let is_here = base.starts_with(OFFICIAL) && self.engine.has_image(base).await.map_err(engine)?;
        if !is_here {
            if let Some(why) = self.why_not(base).await? {
                return self.failed(transcript, name, &format!("{base} cannot be built on: {why}")).await;
            }
            transcript.line(format!("Pulling {base}")).await;
            match self.engine.pull_again(base).await {
                Ok(()) => {}
                Err(EngineError::ImageNotFound(_)) => {
                    let why = format!("{base} cannot be built on: there is no such image, or it is not public");
                    return self.failed(transcript, name, &why).await;
                }
                Err(
                    EngineError::RegistryUnavailable { reason, .. }
                    | EngineError::BadImage { reason, .. }
                    | EngineError::Refused { reason, .. },
                ) => {
                    let why = format!("{base} cannot be pulled: {}", reason.trim());
                    return self.failed(transcript, name, &why).await;
                }
                Err(error) => return Err(engine(error).into()),
            }
        }
        let Some(found) = self.engine.base_image(base).await.map_err(engine)? else {
            return self.failed(transcript, name, &format!("{base} is gone since it was pulled: push again")).await;
        };
        if let Some(trigger) = found.triggers.iter().find(|trigger| !dockerfile::is_harmless_trigger(trigger)) {
            let why = format!("{base} cannot be built on: it would run ONBUILD {trigger}, which builds here do not");
            return self.failed(transcript, name, &why).await;
        }
        Ok(found.id)
    }

    /// Why an image is not asked for. The engine would ask from where it stands: its registry must be on the public internet,
    /// and is never ours, where other apps' images are.
    async fn why_not(&self, base: &str) -> Result<Option<String>, BuilderError> {
        let Ok(reference) = base.parse::<Reference>() else { return Ok(Some("it is no name of an image".to_owned())) };
        let host = reference.registry();
        if host == "docker.io" {
            return Ok(None);
        }
        if host.eq_ignore_ascii_case(self.builder.registry.host()) {
            return Ok(Some("its registry is this platform's own".to_owned()));
        }
        let Ok(url) = SourceUrl::parse(&format!("https://{host}/")) else {
            return Ok(Some(format!("{host} is no registry")));
        };
        match self.builder.check_address(&url).await {
            Ok(()) => Ok(None),
            Err(InputError::Refused(why)) => Ok(Some(why)),
            Err(InputError::Infrastructure(error)) => Err(error),
        }
    }

    async fn push(&self, tag: &str) -> Result<Pushed, BuildError> {
        self.engine.push(tag).await.map_err(BuilderError::engine("push an app's image"))?;
        let (repository, name) = (self.repository(), tag.rsplit(':').next().unwrap_or_default());
        let registry = &self.builder.registry;
        let image = registry.image(&repository, name).await?;
        let image = image.ok_or_else(|| BuilderError::NotFound(tag.to_owned()))?;
        Ok(Pushed { reference: registry.by_digest(&repository, &image.digest), image })
    }

    async fn built(
        &self,
        plan: &Plan,
        images: &BTreeMap<ImageSource, Pushed>,
        transcript: &Transcript,
    ) -> Result<Built, BuildError> {
        let (mut process_types, mut container) = (BTreeMap::new(), ContainerImages::default());
        for (kind, process) in &plan.processes {
            let Some(pushed) = plan.images.get(&process.image).and_then(|source| images.get(source)) else { continue };
            let command = match &process.command {
                Some(command) => command.clone(),
                None => match own_command(&pushed.image.config) {
                    Some(command) => {
                        container.own_commands.insert(kind.clone());
                        command
                    }
                    None => {
                        let why = format!(
                            "the image says no command to run: add a CMD to its Dockerfile, or run.{kind} to {MANIFEST}"
                        );
                        return self.failed(transcript, kind.as_str(), &why).await;
                    }
                },
            };
            container.images.insert(kind.clone(), pushed.reference.clone());
            process_types.insert(kind.clone(), command);
        }
        let main = plan.images.get(&ProcessType::web()).or_else(|| plan.images.values().next());
        let Some(main) = main.and_then(|source| images.get(source)) else {
            return self.failed(transcript, "build", &BadManifest::NoImages.to_string()).await;
        };
        let names: Vec<&str> = process_types.keys().map(ProcessType::as_str).collect();
        transcript.line(format!("=== Process types: {}", names.join(", "))).await;
        let layers = main.image.manifest.layers.iter().map(|layer| u64::try_from(layer.size).unwrap_or_default());
        Ok(Built {
            layers: vec![SlugLayer {
                digest: main.image.digest.clone(),
                diff_id: main.image.manifest.config.digest.clone(),
                size: layers.sum(),
                ..SlugLayer::default()
            }],
            image: main.reference.clone(),
            stack: CONTAINER_STACK.to_owned(),
            container: Some(container),
            cache_digest: self.request.cache_digest.clone(),
            process_types,
            buildpack_description: Some("Container".to_owned()),
            buildpacks: Vec::new(),
        })
    }

    async fn files(&self, transcript: &Transcript, names: Vec<String>) -> Result<SourceFiles, BuildError> {
        match self.builder.find_source_files(&self.request.source_digest, names, FILE_BYTES).await {
            Ok(files) => Ok(files),
            Err(InputError::Refused(why)) => {
                reject(transcript, &format!("=!= Fetching app code failed\n\n=!= {why}\n\n"), &why).await
            }
            Err(InputError::Infrastructure(error)) => Err(error.into()),
        }
    }

    /// Heroku's form of a container build's failure.
    async fn failed<T>(&self, transcript: &Transcript, step: &str, why: &str) -> Result<T, BuildError> {
        let text = format!("=!= Build failed due to an error:\n\n=!= {step}: {why}\n\n");
        reject(transcript, &text, &format!("{step}: {why}")).await
    }

    fn repository(&self) -> String {
        format!("apps/{}", self.request.app_id)
    }

    /// Of this build's own, so that no other build moves it.
    fn tag(&self, number: usize) -> String {
        format!("{}/{}:build-{}-{number}", self.builder.registry.host(), self.repository(), self.request.build_id)
    }
}

/// Display says what to do.
fn plan(tree: &SourceFiles) -> Result<Plan, String> {
    let procfile = tree.files.get("Procfile").map(|text| Procfile::parse(text));
    match tree.files.get(MANIFEST) {
        Some(yaml) => Plan::parse(yaml).map_err(|error| format!("{MANIFEST}: {error}")),
        None if tree.files.contains_key("Dockerfile") => Ok(Plan::of_dockerfile(procfile.as_ref())),
        None => Err(format!(
            "Your app does not include a {MANIFEST} build manifest, nor a Dockerfile. To deploy your app, add one of \
             them,\n=!= or build it with buildpacks again: set its stack to another one than {CONTAINER_STACK}."
        )),
    }
}

/// Heroku: the build's context is the Dockerfile's directory.
fn directory(source: &ImageSource) -> &Path {
    Path::new(&source.dockerfile).parent().unwrap_or(Path::new(""))
}

fn ignore(source: &ImageSource) -> String {
    directory(source).join(".dockerignore").display().to_string()
}

/// Docker: one that is named after the Dockerfile stands above the directory's.
fn own_ignore(source: &ImageSource) -> String {
    format!("{}.dockerignore", source.dockerfile)
}

/// Shows what the engine tells, with bases by their names.
async fn show(mut lines: mpsc::Receiver<String>, ids: &BTreeMap<String, String>, transcript: &mut Transcript) {
    while let Some(line) = lines.recv().await {
        let line = match line.starts_with("Step ") {
            true => ids.iter().fold(line, |line, (base, id)| line.replace(id.as_str(), base)),
            false => line,
        };
        transcript.output(line.trim_end_matches('\n').as_bytes()).await;
        transcript.output(b"\n").await;
    }
    transcript.end_output().await;
}

/// The command that an image says, for people: a shell's without the shell.
fn own_command(config: &str) -> Option<String> {
    let config: Value = serde_json::from_str(config).ok()?;
    let words = |name: &str| -> Vec<String> {
        let list = config.pointer(&format!("/config/{name}")).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
    };
    let line = |words: Vec<String>| match words.as_slice() {
        [shell, flag, line] if shell.ends_with("/sh") && flag == "-c" => line.clone(),
        words => words.join(" "),
    };
    let whole: Vec<String> =
        [line(words("Entrypoint")), line(words("Cmd"))].into_iter().filter(|part| !part.is_empty()).collect();
    // A NUL has no place in text columns, nor has a command of megabytes, which an image may have.
    let whole: String = whole.join(" ").replace('\0', "").chars().take(SHOWN_COMMAND).collect();
    (!whole.is_empty()).then_some(whole)
}

async fn reject<T>(transcript: &Transcript, text: &str, reason: &str) -> Result<T, BuildError> {
    transcript.text(text).await;
    Err(BuildError::Rejected { reason: reason.to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_command_of_an_image_is_told_as_one_would_write_it() {
        for (config, command) in [
            (json!({ "Cmd": ["/bin/sh", "-c", "node server.js"] }), Some("node server.js")),
            (json!({ "Cmd": ["node", "server.js"] }), Some("node server.js")),
            (json!({ "Entrypoint": ["/entry"], "Cmd": ["web", "1"] }), Some("/entry web 1")),
            (json!({ "Entrypoint": ["/entry"], "Cmd": null }), Some("/entry")),
            (json!({}), None),
        ] {
            assert_eq!(own_command(&json!({ "config": config }).to_string()).as_deref(), command);
        }
        let long = json!({ "config": { "Cmd": ["x".repeat(1 << 20)] } });
        assert_eq!(own_command(&long.to_string()).unwrap().len(), SHOWN_COMMAND);
    }
}
