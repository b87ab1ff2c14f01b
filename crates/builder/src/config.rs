use std::path::PathBuf;

use ipnet::IpNet;
use paas_hosts::BuildFirewall;
use url::Url;

use crate::StackConfig;

/// How an installation builds.
#[derive(Debug, Clone)]
pub struct BuilderConfig {
    /// The first is what new apps get.
    pub stacks: Vec<StackConfig>,
    pub limits: BuildLimits,
    /// Certificates (PEM) that builds trust besides the stack's own: of a company's proxy, say.
    pub extra_ca: Option<PathBuf>,
    pub mirrors: Mirrors,
    /// Addresses that sources may be fetched from though they are not public.
    pub source_allow: Vec<IpNet>,
    /// Whether Dockerfiles are built. Their steps run as root in containers of their own.
    pub container_builds: bool,
    /// For builds on the server's own machine. `None`: they reach whatever that machine does.
    pub firewall: Option<BuildFirewall>,
    /// What the platform calls itself to users.
    pub product: String,
    /// Where users read about buildpacks; anchors are added to it.
    pub help: String,
}

/// What one build may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildLimits {
    /// Heroku: build dynos have 2.5 GB.
    pub memory_mb: u32,
    /// Thousandths of a CPU. `None`: as much as is idle.
    pub cpu_millis: Option<u32>,
    pub processes: u32,
    /// Bytes that the container may write, source and cache among them.
    pub disk_bytes: u64,
    /// From the container's start to its end (Heroku: 15 minutes).
    pub seconds: u64,
    /// Of what buildpacks print; the rest is left out.
    pub output_bytes: u64,
    /// Of the compressed slug (Heroku: 500 MB).
    pub slug_bytes: u64,
    /// A larger slug gets a warning (Heroku: 300 MB).
    pub slug_warn_bytes: u64,
    /// Of the source when it is unpacked (Heroku: 1 GB).
    pub source_bytes: u64,
    /// Of the compressed build cache; a larger one is not kept.
    pub cache_bytes: u64,
}

/// Where buildpacks get runtimes and packages, when not from where the world does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrors {
    /// An npm registry: Node.js itself, npm, yarn, pnpm, and packages.
    pub npm: Option<Url>,
    /// A PyPI index (`…/simple`): uv, Poetry, Pipenv, and packages.
    pub pypi: Option<Url>,
    /// What stands in for github.com/astral-sh/python-build-standalone/releases/download.
    pub python: Option<Url>,
    /// The directory of Go's archives: versions that its package on PyPI does not have.
    pub go: Option<Url>,
    /// The directory of Rubies that the stack does not have.
    pub ruby: Option<Url>,
    /// What stands in for api.adoptium.net: JDKs that the stack does not have.
    pub java: Option<Url>,
    /// A Maven repository in place of Maven Central.
    pub maven: Option<Url>,
    /// The directory of archives of PHP: versions other than the stack's.
    pub php: Option<Url>,
    /// What stands in for static.rust-lang.org.
    pub rust: Option<Url>,
    /// What cargo takes packages from: `sparse+https://…/` without the `sparse+`.
    pub crates: Option<Url>,
    /// A copy of Debian's archive: what `apt`, `nginx`, `pgbouncer` and `static` install.
    pub debian: Option<Url>,
}

impl Default for BuilderConfig {
    fn default() -> Self {
        Self {
            stacks: vec![StackConfig::debian_13()],
            limits: BuildLimits::default(),
            extra_ca: None,
            mirrors: Mirrors::default(),
            source_allow: Vec::new(),
            container_builds: true,
            firewall: None,
            product: "PaaS".to_owned(),
            help: "docs/buildpacks.md".to_owned(),
        }
    }
}

impl Default for BuildLimits {
    fn default() -> Self {
        Self {
            memory_mb: 2_560,
            cpu_millis: None,
            processes: 1_024,
            disk_bytes: 8 << 30,
            seconds: 900,
            output_bytes: 4 << 20,
            slug_bytes: 500 << 20,
            slug_warn_bytes: 300 << 20,
            source_bytes: 1 << 30,
            cache_bytes: 1 << 30,
        }
    }
}
