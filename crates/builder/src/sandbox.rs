//! The container that a build runs in: one, unprivileged, thrown away at the end. Everything goes in by upload before the
//! build begins; nothing is mounted. A hostile source is unpacked in there, by the account without rights, never by us.

use std::{collections::BTreeMap, io};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use paas_hosts::{ContainerName, ContainerSpec, Engine, EngineError, Limits, Network};
use paas_model::{AppId, BuildId, BuildpackSource, DETECTED, FALLBACK};
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use crate::{BuildRequest, BuilderConfig, BuilderError, Registry, StackConfig, warm};

/// Repository of source tarballs.
pub(crate) const SOURCES: &str = "sources";

/// Repository of build caches.
pub(crate) const CACHES: &str = "caches";

/// Everything of ours in the container; `build.sh` knows the same names.
const ROOT: &str = "/tmp/paas";

/// Directory that the build's result is read from.
pub(crate) const RESULT: &str = "/tmp/paas/result";

/// Where the script puts the directories that are to be layers of their own.
pub(crate) const LARGE: &str = "/tmp/paas/large";

/// The packed CACHE_DIR. Only the app's own builds ever look into it.
pub(crate) const CACHE: &str = "/tmp/paas/cache.packed";

/// A build's, where the smallest dyno has 1024: what serves people goes first.
pub(crate) const CPU_SHARES: u32 = 128;

const ACCOUNT: u64 = 1000;

/// The platform's buildpacks, a tar without its end; made by `build.rs`.
const BUILDPACKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/buildpacks.tar"));
const SCRIPT: &[u8] = include_bytes!("build.sh");

/// The container of a build: every attempt uses the same name, so that a later one finds what an earlier one left.
pub(crate) fn container(build: BuildId) -> ContainerName {
    ContainerName(format!("build-{build}"))
}

/// Which build a container is of. `None`: it is of none.
#[must_use]
pub fn build_of(container: &ContainerName) -> Option<BuildId> {
    container.0.strip_prefix("build-")?.parse().ok()
}

/// Where the app is unpacked and compiled: `/tmp/build_` and 8 hexadecimal digits (Heroku: BUILD_DIR). The same for every
/// build of an app: what is compiled there holds the path.
pub(crate) fn build_dir(app: AppId) -> String {
    let id = app.uuid().simple().to_string();
    format!("/tmp/build_{}", &id[id.len() - 8..])
}

/// Has the build's container run, with all its inputs: the one that waits for it, if there is one.
pub(crate) async fn start(
    engine: &dyn Engine,
    registry: &Registry,
    config: &BuilderConfig,
    stack: &StackConfig,
    request: &BuildRequest,
    buildpacks: &[BuildpackSource],
) -> Result<ContainerName, BuilderError> {
    let name = container(request.build_id);
    let ground = Ground::new(config, stack, request.app_id, request.cache_digest.as_deref()).await?;
    let inputs = async || -> Result<_, BuilderError> {
        let (size, source) = registry.get_blob(SOURCES, &request.source_digest).await?;
        let header = header(EntryType::Regular, "tmp/paas/source.tgz", 0o644, size);
        let source = once(header).chain(source.map_err(unavailable)).chain(once(padding(size)));
        Ok(source.chain(once(inputs(config, stack, request, buildpacks, ground.extra_ca.is_some()))))
    };
    let inputs_of_waiting = inputs().await?;
    let taken = async {
        if !warm::take(engine, &ground, &name).await? {
            return Ok(false);
        }
        engine.upload(&name, "/", Box::pin(inputs_of_waiting)).await?;
        engine.thaw(&name).await?;
        Ok::<_, EngineError>(true)
    };
    match taken.await {
        Ok(true) => return Ok(name),
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(
                build.id = %request.build_id,
                error = &error as &dyn std::error::Error,
                "a container that waits for the build cannot be used; making one"
            );
            // It may have the name all the same.
            engine.remove(&name).await.map_err(BuilderError::engine("remove a build's container"))?;
        }
    }
    let labels = BTreeMap::from([("paas".to_owned(), "build".to_owned())]);
    engine.create(&name, &ground.spec(labels)).await.map_err(BuilderError::engine("make a build's container"))?;
    let parts = ground.parts(registry).await?.chain(inputs().await?);
    engine.upload(&name, "/", Box::pin(parts)).await.map_err(BuilderError::engine("fill a build's container"))?;
    engine.start(&name).await.map_err(BuilderError::engine("start a build"))?;
    Ok(name)
}

/// What a build's container has before it has anything of the one build.
pub(crate) struct Ground<'a> {
    config: &'a BuilderConfig,
    stack: &'a StackConfig,
    app: AppId,
    cache_digest: Option<&'a str>,
    extra_ca: Option<Vec<u8>>,
}

impl<'a> Ground<'a> {
    pub(crate) async fn new(
        config: &'a BuilderConfig,
        stack: &'a StackConfig,
        app: AppId,
        cache_digest: Option<&'a str>,
    ) -> Result<Self, BuilderError> {
        let extra_ca = match &config.extra_ca {
            Some(path) => Some(tokio::fs::read(path).await.map_err(BuilderError::io("the extra CA bundle"))?),
            None => None,
        };
        Ok(Self { config, stack, app, cache_digest, extra_ca })
    }

    /// The same for the same ground only: SHA-256, in hexadecimal.
    ///
    /// # Errors
    /// Those of [`Engine::base_image`].
    pub(crate) async fn key(&self, engine: &dyn Engine) -> Result<String, EngineError> {
        let ContainerSpec { image, env, limits, .. } = self.spec(BTreeMap::new());
        // A name may come to stand for another image.
        let image = engine.base_image(&image).await?.map_or(image, |found| found.id);
        let words = format!("{image} {env:?} {limits:?} {} {:?}", self.app, self.cache_digest);
        let parts = [words.as_bytes(), self.extra_ca.as_deref().unwrap_or_default(), SCRIPT, BUILDPACKS];
        let hash = parts.into_iter().fold(Sha256::new(), |hash, part| hash.chain_update(Sha256::digest(part)));
        Ok(hex::encode(hash.finalize()))
    }

    pub(crate) fn spec(&self, labels: BTreeMap<String, String>) -> ContainerSpec {
        let limits = &self.config.limits;
        let settings = [
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
            ("HOME", "/app".to_owned()),
            ("BUILD_DIR", build_dir(self.app)),
            ("SOURCE_LIMIT", limits.source_bytes.to_string()),
            // A little more than is shown, so that it is seen that there was more.
            ("OUTPUT_LIMIT", (limits.output_bytes + (64 << 10)).to_string()),
            ("PRODUCT", self.config.product.clone()),
            ("HELP", self.config.help.clone()),
            ("DETECT_ORDER", DETECTED.join(" ")),
            ("DETECT_FALLBACK", FALLBACK.to_owned()),
        ];
        ContainerSpec {
            image: self.stack.build_image.clone(),
            command: vec!["/bin/bash".to_owned(), format!("{ROOT}/build.sh")],
            entrypoint: false,
            env: settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            labels,
            user: format!("{ACCOUNT}:{ACCOUNT}"),
            working_dir: "/app".to_owned(),
            limits: Limits {
                memory_mb: limits.memory_mb,
                cpu_shares: CPU_SHARES,
                cpu_millis: limits.cpu_millis,
                processes: limits.processes,
                file_bytes: Some(limits.disk_bytes),
            },
            network: Network::Builds,
            port: None,
            tty: false,
            stdin: false,
        }
    }

    /// Entries of a tar, which does not end with them.
    pub(crate) async fn parts(
        &self,
        registry: &Registry,
    ) -> Result<impl Stream<Item = Result<Bytes, EngineError>> + Send + use<>, BuilderError> {
        let mut before = directory("tmp/paas");
        before.extend(directory("app"));
        before.extend_from_slice(BUILDPACKS);
        before.extend(file("tmp/paas/build.sh", SCRIPT));
        if let Some(bundle) = &self.extra_ca {
            before.extend(file("tmp/paas/extra-ca.crt", bundle));
        }
        let cache = match self.cache_digest {
            Some(digest) => cache(registry, digest).await?,
            None => None,
        };
        let (size, cache) = cache.map_or((None, None), |(size, stream)| (Some(size), Some(stream)));
        before.extend(size.iter().flat_map(|size| header(EntryType::Regular, "tmp/paas/cache.packed", 0o644, *size)));
        let cache = stream::iter(cache).flatten().map_err(unavailable);
        Ok(once(before).chain(cache).chain(once(size.map_or(vec![], padding))))
    }
}

/// A cache that the registry lost is only a slower build.
async fn cache(
    registry: &Registry,
    digest: &str,
) -> Result<Option<(u64, impl Stream<Item = io::Result<Bytes>> + Send + Unpin + use<>)>, BuilderError> {
    match registry.get_blob(CACHES, digest).await {
        Ok(blob) => Ok(Some(blob)),
        Err(BuilderError::NotFound(what)) => {
            tracing::warn!(cache = what, "a build cache is not in the registry; the build starts without it");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Every input of this one build but the source, and the tar's end.
fn inputs(
    config: &BuilderConfig,
    stack: &StackConfig,
    request: &BuildRequest,
    buildpacks: &[BuildpackSource],
    extra_ca: bool,
) -> Vec<u8> {
    let mut tar = file("tmp/paas/buildpacks.tsv", chosen(buildpacks).as_bytes());
    tar.extend(file("tmp/paas/environment", &environment(config, stack, request, extra_ca)));
    tar.extend(directory("tmp/paas/env"));
    for (key, value) in &request.config {
        // Keys are letters, digits and underscores; `ConfigVars` lets no other in.
        tar.extend(file(&format!("tmp/paas/env/{key}"), value.as_bytes()));
    }
    // The last: whoever waits for it has all.
    tar.extend(file("tmp/paas/go", b""));
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// A line per buildpack: kind, display name, URL or short name, reference. Sources hold no blanks.
fn chosen(buildpacks: &[BuildpackSource]) -> String {
    let line = |source: &BuildpackSource| {
        let name = without_credentials(&source.name());
        match source {
            BuildpackSource::Builtin(short) => format!("builtin\t{name}\t{short}\t\n"),
            BuildpackSource::Git { url, reference } => {
                format!("git\t{name}\t{url}\t{}\n", reference.as_deref().unwrap_or_default())
            }
            BuildpackSource::Tarball(url) => format!("tarball\t{name}\t{url}\t\n"),
        }
    };
    buildpacks.iter().map(line).collect()
}

/// Everything in a buildpack's environment (Heroku: the compile environment holds nothing else), then what the operator
/// set for this installation.
fn environment(config: &BuilderConfig, stack: &StackConfig, request: &BuildRequest, extra_ca: bool) -> Vec<u8> {
    let mut pairs = vec![
        ("HOME", "/app".to_owned()),
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
        ("STACK", stack.name.clone()),
        ("SOURCE_VERSION", request.version.clone().unwrap_or_default()),
        ("REQUEST_ID", request.build_id.to_string()),
        ("DYNO", "build.1".to_owned()),
    ];
    let mirrors = [
        ("NPM_CONFIG_REGISTRY", &config.mirrors.npm),
        ("PIP_INDEX_URL", &config.mirrors.pypi),
        ("UV_DEFAULT_INDEX", &config.mirrors.pypi),
        ("UV_PYTHON_INSTALL_MIRROR", &config.mirrors.python),
        ("GO_MIRROR", &config.mirrors.go),
        ("RUBY_MIRROR", &config.mirrors.ruby),
        ("JAVA_MIRROR", &config.mirrors.java),
        ("MAVEN_MIRROR", &config.mirrors.maven),
        ("PHP_MIRROR", &config.mirrors.php),
        ("RUST_MIRROR", &config.mirrors.rust),
        ("CRATES_MIRROR", &config.mirrors.crates),
        ("DEBIAN_MIRROR", &config.mirrors.debian),
    ];
    pairs.extend(mirrors.into_iter().filter_map(|(key, url)| Some((key, url.as_ref()?.to_string()))));
    if extra_ca {
        // One per tool: there is no variable that all of them read.
        let tools = [
            "SSL_CERT_FILE",
            "CURL_CA_BUNDLE",
            "GIT_SSL_CAINFO",
            "NODE_EXTRA_CA_CERTS",
            "PIP_CERT",
            "REQUESTS_CA_BUNDLE",
            "CARGO_HTTP_CAINFO",
        ];
        pairs.extend(tools.map(|key| (key, format!("{ROOT}/ca.crt"))));
    }
    let text: String = pairs.into_iter().map(|(key, value)| format!("{key}={}\0", value.replace('\0', ""))).collect();
    text.into_bytes()
}

/// `https://user:token@host/x` as `https://host/x`.
fn without_credentials(name: &str) -> String {
    match url::Url::parse(name) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            let mut bare = url.clone();
            // Both fail only for URLs that cannot have credentials.
            let removed = bare.set_username("").and_then(|()| bare.set_password(None));
            removed.map_or_else(|()| "(a buildpack)".to_owned(), |()| bare.to_string())
        }
        _ => name.to_owned(),
    }
}

fn directory(path: &str) -> Vec<u8> {
    header(EntryType::Directory, &format!("{path}/"), 0o755, 0)
}

fn file(path: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(EntryType::Regular, path, 0o644, content.len() as u64);
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// With GNU's extra entry when the path is longer than a header has room for (a config var's key may be).
fn header(kind: EntryType, path: &str, mode: u32, size: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if path.len() > 100 {
        bytes = header(EntryType::GNULongName, "././@LongLink", 0o644, path.len() as u64 + 1);
        bytes.extend_from_slice(path.as_bytes());
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    let mut header = Header::new_gnu();
    let name = &path.as_bytes()[..path.len().min(100)];
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(ACCOUNT);
    header.set_gid(ACCOUNT);
    header.set_size(size);
    header.set_mtime(0);
    header.set_cksum();
    bytes.extend_from_slice(header.as_bytes());
    bytes
}

fn once(bytes: Vec<u8>) -> impl Stream<Item = Result<Bytes, EngineError>> + Send {
    stream::once(async move { Ok(Bytes::from(bytes)) })
}

/// What fills a tar's entry of `size` bytes up to whole blocks.
fn padding(size: u64) -> Vec<u8> {
    vec![0; (512 - (size % 512) as usize) % 512]
}

fn unavailable(source: io::Error) -> EngineError {
    EngineError::Unavailable { endpoint: "the registry".to_owned(), source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_buildpacks_url_are_not_shown() {
        for (url, shown) in [
            ("https://me:secret@example.test/x.git", "https://example.test/x.git"),
            ("https://token@example.test/x.git#main", "https://example.test/x.git#main"),
            ("https://example.test/x.git#main", "https://example.test/x.git#main"),
            ("heroku/nodejs", "heroku/nodejs"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }

    #[test]
    fn long_names_survive_the_tar() {
        let key = "K".repeat(300);
        let mut bytes = file(&format!("tmp/paas/env/{key}"), b"value");
        bytes.resize(bytes.len() + 1024, 0);
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        assert!(entry.path().unwrap().ends_with(key));
    }

    #[test]
    fn a_build_dir_is_one_of_herokus_form() {
        let id = "0190a5c0-1111-7000-8000-0000deadbeef".parse().unwrap();
        assert_eq!(build_dir(id), "/tmp/build_deadbeef");
    }
}
