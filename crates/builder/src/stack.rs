use std::{collections::BTreeMap, path::PathBuf};

use paas_hosts::{Engine, ImageBuild};
use tokio::sync::mpsc;

use crate::{BuilderError, Registry, registry::digest_of};

/// A stack: what apps are built on and what they run on. Configuration, so that `heroku/heroku:24` can be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackConfig {
    /// `debian-13`, `heroku-24`: what the API, `STACK` and the push transcript call it.
    pub name: String,
    /// The image that buildpacks run in. It needs bash, GNU tar, curl, git, jq and python3;
    /// with zstd, caches are packed faster.
    pub build_image: String,
    /// The image whose layers are under every slug.
    pub run_image: String,
    /// Of the stack that is made here: a word of the operator's, in the names of its images. Under another word they are made
    /// again, of what Debian has then. `None`: once for each version of the server, of what the engine has kept of earlier ones.
    pub edition: Option<String>,
}

const RUN_DOCKERFILE: &str = include_str!("../../../docker/stack/run.Dockerfile");
const BUILD_DOCKERFILE: &str = include_str!("../../../docker/stack/build.Dockerfile");
/// Lists an image's packages, in the image.
const SBOM_SCRIPT: &str = include_str!("../../../docker/stack/sbom.py");
/// What our run image stands on.
const BASE_IMAGE: &str = "debian:trixie-slim";
/// Of an edition's name: a tag of an image holds 128 bytes.
const EDITION_BYTES: usize = 64;

impl StackConfig {
    /// The stack that comes with the server, made from `docker/stack/`. Its tags hold a hash of what is there, so that a
    /// server with something else makes its images anew.
    #[must_use]
    pub fn debian_13() -> Self {
        Self::ours(None)
    }

    /// The same, made again under a word of the operator's: letters, digits, `.`, `-` and `_`. `None`: it is no such word.
    #[must_use]
    pub fn debian_13_edition(word: &str) -> Option<Self> {
        let is_fine = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
        let fits = (1..=EDITION_BYTES).contains(&word.len()) && word.chars().all(is_fine);
        fits.then(|| Self::ours(Some(word.to_owned())))
    }

    fn ours(edition: Option<String>) -> Self {
        let mut tag = short(&digest_of(format!("{RUN_DOCKERFILE}\0{BUILD_DOCKERFILE}\0{SBOM_SCRIPT}").as_bytes()));
        if let Some(word) = &edition {
            tag = format!("{tag}-{word}");
        }
        Self {
            name: "debian-13".to_owned(),
            build_image: format!("paas/debian-13-build:{tag}"),
            run_image: format!("paas/debian-13:{tag}"),
            edition,
        }
    }

    /// As the transcript says it: `Debian-13` (Heroku: `Building on the Heroku-24 stack`).
    #[must_use]
    pub fn title(&self) -> String {
        let mut letters = self.name.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }

    /// The run image in the registry, by the name that an engine pushes it under.
    #[must_use]
    pub fn published(&self, registry: &Registry) -> String {
        format!("{}/{}:{}", registry.host(), self.repository(), self.tag())
    }

    /// Where the registry has the run image.
    pub(crate) fn repository(&self) -> String {
        format!("stacks/{}", self.name)
    }

    /// Follows the run image's name: another image under the same stack name is another tag.
    pub(crate) fn tag(&self) -> String {
        short(&digest_of(self.run_image.as_bytes()))
    }

    /// How an image comes to be when the engine does not have it. `None`: it is pulled.
    fn dockerfile(&self, image: &str) -> Option<(&'static str, BTreeMap<String, String>)> {
        let ours = *self == Self::ours(self.edition.clone());
        match image {
            image if ours && image == self.run_image => Some((RUN_DOCKERFILE, BTreeMap::new())),
            image if ours && image == self.build_image => {
                Some((BUILD_DOCKERFILE, BTreeMap::from([("RUN".to_owned(), self.run_image.clone())])))
            }
            _ => None,
        }
    }
}

/// Sees to it that the engine has every stack's build image and the registry its run image: makes, pulls and pushes what
/// is missing, telling `lines` of it as it goes. With nothing missing it takes milliseconds and says nothing. Gives whether
/// the registry has a run image that it did not have.
///
/// # Errors
/// [`BuilderError::Engine`] with the image's name and the engine's reason; [`BuilderError::Registry`].
pub async fn ensure_stacks(
    engine: &dyn Engine,
    registry: &Registry,
    stacks: &[StackConfig],
    lines: mpsc::Sender<String>,
) -> Result<bool, BuilderError> {
    let mut is_newer = false;
    for stack in stacks {
        let built = has(engine, &stack.build_image).await?;
        let pushed = registry.image(&stack.repository(), &stack.tag()).await?.is_some();
        if built && pushed {
            continue;
        }
        tell(&lines, format!("Making the images of the {} stack", stack.title())).await;
        if pushed && stack.edition.is_some() && !has(engine, &stack.run_image).await? {
            // Made once more, it would have newer packages than what slugs run on: what is built on one runs on the other.
            let published = stack.published(registry);
            tell(&lines, format!("Pulling {published}")).await;
            engine.pull(&published).await.map_err(BuilderError::engine("pull a stack's image"))?;
            let dockerfile = format!("FROM {published}\n");
            make(engine, &stack.run_image, &dockerfile, BTreeMap::new(), false, &lines).await?;
        }
        for image in [&stack.run_image, &stack.build_image] {
            provide(engine, stack, image, &lines).await?;
        }
        if !pushed {
            publish(engine, registry, stack, &lines).await?;
            is_newer = true;
        }
        tell(&lines, format!("The {} stack is ready", stack.title())).await;
    }
    Ok(is_newer)
}

async fn provide(
    engine: &dyn Engine,
    stack: &StackConfig,
    image: &str,
    lines: &mpsc::Sender<String>,
) -> Result<(), BuilderError> {
    if has(engine, image).await? {
        return Ok(());
    }
    match stack.dockerfile(image) {
        Some((dockerfile, args)) => {
            let anew = stack.edition.is_some();
            if anew && image == stack.run_image {
                renew_base(engine, lines).await?;
            }
            make(engine, image, dockerfile, args, anew, lines).await
        }
        None => {
            tell(lines, format!("Pulling {image}")).await;
            engine.pull(image).await.map_err(BuilderError::engine("pull a stack's image"))
        }
    }
}

/// Gets the newest of what our run image stands on. Where no registry has it, what is here has to do: the newest packages are
/// put on it all the same.
async fn renew_base(engine: &dyn Engine, lines: &mpsc::Sender<String>) -> Result<(), BuilderError> {
    tell(lines, format!("Pulling {BASE_IMAGE}")).await;
    match engine.pull_again(BASE_IMAGE).await {
        Ok(()) => Ok(()),
        Err(error) if has(engine, BASE_IMAGE).await? => {
            tell(lines, format!("It cannot be pulled ({error}): going on with the one that is here")).await;
            Ok(())
        }
        Err(error) => Err(BuilderError::engine("pull what the stack's image stands on")(error)),
    }
}

/// Pushes the run image under our name. The engine cannot rename an image, but building one that adds nothing does.
async fn publish(
    engine: &dyn Engine,
    registry: &Registry,
    stack: &StackConfig,
    lines: &mpsc::Sender<String>,
) -> Result<(), BuilderError> {
    let image = stack.published(registry);
    make(engine, &image, &format!("FROM {}\n", stack.run_image), BTreeMap::new(), false, lines).await?;
    tell(lines, format!("Pushing {image}")).await;
    engine.push(&image).await.map_err(BuilderError::engine("push a stack's image"))
}

async fn make(
    engine: &dyn Engine,
    tag: &str,
    dockerfile: &str,
    args: BTreeMap<String, String>,
    anew: bool,
    lines: &mpsc::Sender<String>,
) -> Result<(), BuilderError> {
    let context = context(dockerfile).map_err(BuilderError::io("a Dockerfile"))?;
    let build =
        ImageBuild { tag: tag.to_owned(), context: context.into(), dockerfile: "Dockerfile".to_owned(), args, anew };
    engine.build_image(build, lines.clone()).await.map_err(BuilderError::engine("build a stack's image"))
}

fn context(dockerfile: &str) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in [("Dockerfile", dockerfile), ("sbom.py", SBOM_SCRIPT)] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, PathBuf::from(name), content.as_bytes())?;
    }
    tar.into_inner()
}

async fn has(engine: &dyn Engine, image: &str) -> Result<bool, BuilderError> {
    engine.has_image(image).await.map_err(BuilderError::engine("look for a stack's image"))
}

/// Progress is for people: nobody listening is no reason to stop.
async fn tell(lines: &mpsc::Sender<String>, line: String) {
    drop(lines.send(line).await);
}

/// Twelve digits of a digest, as tags have them.
fn short(digest: &str) -> String {
    digest.trim_start_matches("sha256:").chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stacks_title_is_herokus_way_to_write_it() {
        let named = |name: &str| StackConfig { name: name.into(), ..StackConfig::debian_13() }.title();
        assert_eq!([named("debian-13"), named("heroku-24"), named("")], ["Debian-13", "Heroku-24", ""]);
    }

    #[test]
    fn only_our_own_stack_is_made_from_our_dockerfiles() {
        let ours = StackConfig::debian_13();
        assert!(ours.dockerfile(&ours.run_image).is_some() && ours.dockerfile(&ours.build_image).is_some());
        let theirs = StackConfig { name: "heroku-24".into(), ..ours.clone() };
        assert!(theirs.dockerfile(&ours.run_image).is_none());
        let own = StackConfig { run_image: "mine".into(), ..ours };
        assert!(own.dockerfile("mine").is_none());
    }

    #[test]
    fn an_edition_is_the_same_stack_under_other_tags() {
        let (ours, edition) = (StackConfig::debian_13(), StackConfig::debian_13_edition("2026-11").unwrap());
        assert_eq!(edition.name, ours.name);
        assert_eq!(edition.run_image, format!("{}-2026-11", ours.run_image));
        assert_eq!(edition.build_image, format!("{}-2026-11", ours.build_image));
        assert_ne!(edition.tag(), ours.tag());
        assert_eq!(edition.dockerfile(&edition.run_image), ours.dockerfile(&ours.run_image));
        assert!(edition.dockerfile(&ours.run_image).is_none());
        for word in ["", "a b", "a/b", "a:b", "ä", &"a".repeat(65)] {
            assert_eq!(StackConfig::debian_13_edition(word), None, "{word}");
        }
    }

    #[test]
    fn what_is_pulled_for_an_edition_is_what_the_dockerfile_stands_on() {
        assert!(RUN_DOCKERFILE.contains(&format!("\nARG BASE={BASE_IMAGE}\nFROM $BASE\n")));
    }
}
