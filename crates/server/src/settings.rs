//! The configuration as each part wants it.

use std::{
    env::current_exe,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use paas_builder::{BuildLimits, BuilderConfig};
use paas_control::{PlacementPolicy, Settings, reconcile::LocalHost};
use paas_git::{GitConfig, GitLimits};
use paas_hosts::{BuildFirewall, Destination, HostEndpoint};
use paas_logs::DrainPolicy;
use paas_model::{CrashPolicy, Retention};
use paas_router::RouterConfig;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    ca::Authority,
    config::{Config, LocalHostChoice},
    image_store::ImageStore,
    roles::Role,
};

/// What the platform calls itself to users.
const PRODUCT: &str = "PaaS";
/// Where users read on; texts add an anchor.
const BUILDPACKS_HELP: &str = "docs/buildpacks.md";
const PUSH_HELP: &str = "docs/pushing.md";
/// An attached dyno waits this long for its client (Heroku: R13).
const ATTACH_TIMEOUT: Duration = Duration::from_secs(60);
/// Heroku: one-off dynos end after 24 hours.
const ONE_OFF_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Under the data directory: what routers keep for a start without the database.
pub(crate) const ROUTER_DIRECTORY: &str = "router";
/// How long a killed server's work waits until the next one takes it over.
const LEASE: Duration = Duration::from_secs(15);
/// How long a killed controller's hosts wait until the next one takes them over.
const HOST_LEASE: Duration = Duration::from_secs(10);
/// How often the memory of dynos is looked at.
const SAMPLE_EVERY: Duration = Duration::from_secs(20);
/// How often the provider of machines is asked for them, and for how long its lists may lag.
const MACHINES_EVERY: Duration = Duration::from_secs(5);
const MACHINE_GRACE: Duration = Duration::from_secs(2 * 60);
/// What builds hold of a host in plans. Little: they are short, and where there is no other machine they must run too.
const BUILD_RESERVED_MB: u32 = 256;
const BUILD_RESERVED_MILLIS: u32 = 100;
const HOST_HEARTBEAT: Duration = Duration::from_secs(2);

/// # Errors
/// The file of extra certificates cannot be read.
pub(crate) fn control(config: &Config, authority: &Arc<Authority>, image_store: &ImageStore) -> Result<Settings> {
    Ok(Settings {
        product: PRODUCT.to_owned(),
        public_url: config.public_url.origin().ascii_serialization(),
        app_url: config.app_url.clone(),
        domain: config.domain.clone(),
        cname_domain: config.cname_domain.clone(),
        drains: DrainPolicy { allow: config.drain_allow.clone(), extra_roots: extra_roots(config)? },
        stacks: config.stacks.clone(),
        container_builds: config.container_builds,
        parallel_builds: config.parallel_builds,
        warm_builds: config.warm_builds,
        crash: CrashPolicy { base: config.crash_backoff, ..CrashPolicy::default() },
        boot_timeout: config.boot_timeout,
        stop_timeout: config.stop_timeout,
        drain_timeout: config.drain_timeout,
        attach_timeout: ATTACH_TIMEOUT,
        one_off_lifetime: ONE_OFF_LIFETIME,
        cycle_after: config.cycle_after,
        lease: LEASE,
        host_lease: HOST_LEASE,
        host_heartbeat: HOST_HEARTBEAT,
        host_grace: config.host_grace,
        machines_every: MACHINES_EVERY,
        machine_grace: MACHINE_GRACE,
        host_reserved_mb: config.host_reserved_mb,
        signer: Arc::<Authority>::clone(authority),
        host_registry: image_store.for_hosts(),
        build_reserved_mb: BUILD_RESERVED_MB,
        build_reserved_millis: BUILD_RESERVED_MILLIS,
        placement: placement(config),
        prune_images_every: config.prune_images_every,
        retention: Retention { releases: config.keep_releases },
        collect_every: config.collect_every,
        min_free_disk: config.min_free_disk,
        trusted_proxies: config.trusted_proxies.clone(),
        audit_kept: config.audit_kept,
        sample_every: SAMPLE_EVERY,
    })
}

/// Receivers of log drains may have certificates of the operator's own authority.
fn extra_roots(config: &Config) -> Result<Vec<CertificateDer<'static>>> {
    let Some(path) = &config.extra_ca else { return Ok(Vec::new()) };
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    certificates.with_context(|| format!("reading {}", path.display()))
}

fn placement(config: &Config) -> PlacementPolicy {
    PlacementPolicy {
        surge_percent: config.surge_percent,
        singleton_grace: config.singleton_grace,
        spare_after: config.spare_after,
        join_timeout: config.join_timeout,
        headroom_mb: config.headroom_mb,
        lost_grace: config.lost_grace,
        ..PlacementPolicy::default()
    }
}

pub(crate) fn builder(config: &Config) -> BuilderConfig {
    BuilderConfig {
        stacks: config.stacks.clone(),
        limits: BuildLimits {
            memory_mb: config.build_memory_mb,
            disk_bytes: u64::from(config.build_disk_mb) << 20,
            seconds: config.build_timeout.as_secs(),
            ..BuildLimits::default()
        },
        extra_ca: config.extra_ca.clone(),
        mirrors: config.mirrors.clone(),
        source_allow: config.source_allow.clone(),
        container_builds: config.container_builds,
        firewall: config.build_firewall.then(|| build_firewall(config)),
        product: PRODUCT.to_owned(),
        help: BUILDPACKS_HELP.to_owned(),
    }
}

/// What is on this machine is out of reach anyhow: here are the parts of the platform that are elsewhere.
fn build_firewall(config: &Config) -> BuildFirewall {
    let registry = config.registry.as_ref().map(|registry| &registry.url);
    let database = config.database_url.as_ref().and_then(|url| url.expose_secret().parse::<Url>().ok());
    let elsewhere = registry.into_iter().chain(&database).flat_map(addresses);
    let digest = Sha256::digest(config.data_dir.as_os_str().as_encoded_bytes());
    BuildFirewall {
        installation: hex::encode(&digest[..4]),
        allow: config.build_allow.clone(),
        deny: config.build_deny.iter().copied().chain(elsewhere).collect(),
    }
}

/// None for a name that cannot be looked up just now, nor for a Unix socket.
fn addresses(url: &Url) -> Vec<Destination> {
    let port = url.port_or_known_default().or_else(|| url.scheme().starts_with("postgres").then_some(5432));
    let found = url.host_str().zip(port).and_then(|name| name.to_socket_addrs().ok());
    let destination = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => Some(Destination { address: ip, bits: 32, port: Some(address.port()) }),
        IpAddr::V6(_) => None,
    };
    found.into_iter().flatten().filter_map(destination).collect()
}

/// # Errors
/// This program's own path is not known.
pub(crate) fn git(config: &Config) -> Result<GitConfig> {
    Ok(GitConfig {
        repositories: config.path("git"),
        hook_socket: config.path("run/git-hook.sock"),
        hooks_dir: config.path("run/hooks"),
        program: current_exe().context("finding this program, which git's hook runs")?,
        product: PRODUCT.to_owned(),
        help: PUSH_HELP.to_owned(),
        limits: GitLimits::default(),
    })
}

pub(crate) fn router(config: &Config, tls: &Arc<rustls::ServerConfig>) -> RouterConfig {
    // Certificates are swapped behind this configuration, so it is itself never replaced.
    let tls = Arc::new(ArcSwap::new(Arc::clone(tls)));
    let snapshot = Some(config.path(ROUTER_DIRECTORY).join("routes.json"));
    RouterConfig { tls: Some(tls), snapshot, ..RouterConfig::new(&config.domain) }
}

pub(crate) fn endpoint(config: &Config) -> HostEndpoint {
    HostEndpoint::Unix(config.docker_socket.display().to_string())
}

/// This machine as a host, if it is to be one. Another machine's engine cannot be told from ours by the path of its socket:
/// where the database is elsewhere, so may other controllers be.
pub(crate) fn local_host(config: &Config, role: Role) -> Option<LocalHost> {
    let is_host = match config.local_host {
        LocalHostChoice::On => true,
        LocalHostChoice::Off => false,
        LocalHostChoice::Auto => role == Role::Everything || config.database_url.is_none(),
    };
    is_host.then(|| LocalHost {
        name: "local".to_owned(),
        endpoint: endpoint(config).to_string(),
        reserved_mb: config.host_reserved_mb,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_go_by_what_operators_set() {
        let set = [
            ("HOME", "/home/someone"),
            ("PAAS_SURGE_PERCENT", "50"),
            ("PAAS_SINGLETON_GRACE_SECONDS", "20"),
            ("PAAS_SPARE_AFTER_SECONDS", "30"),
            ("PAAS_JOIN_TIMEOUT_SECONDS", "40"),
            ("PAAS_LOST_GRACE_SECONDS", "50"),
            ("PAAS_HEADROOM_MB", "60"),
        ];
        let lookup = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into());
        let config = Config::read(&lookup, false).unwrap();
        let expected = PlacementPolicy {
            surge_percent: 50,
            singleton_grace: Some(Duration::from_secs(20)),
            spare_after: Duration::from_secs(30),
            join_timeout: Duration::from_secs(40),
            lost_grace: Duration::from_secs(50),
            headroom_mb: 60,
            ..PlacementPolicy::default()
        };
        assert_eq!(placement(&config), expected);
    }
}
