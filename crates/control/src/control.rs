use std::{sync::Arc, time::Duration};

use paas_builder::{Builder, CONTAINER_STACK, Registry, StackConfig};
use paas_db::{Changes, Db};
use paas_hosts::{Engine, Engines, HostEndpoint, Machines};
use paas_logs::{DrainPolicy, Logs};
use paas_model::{CrashPolicy, FreeDisk, HostId, Retention, TrustedProxies};
use paas_planner::Policy;

use crate::{Catalog, HostRegistry, HostSigner, OpError};

/// The handle that use-cases and loops work through. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    pub db: Db,
    pub changes: Changes,
    pub logs: Logs,
    pub registry: Registry,
    pub builder: Arc<Builder>,
    pub engines: Arc<dyn Engines>,
    /// What launches machines for pools; `None`: nothing does.
    pub machines: Option<Arc<dyn Machines>>,
    pub catalog: Catalog,
    pub settings: Arc<Settings>,
}

/// What operators decide, and the loops and texts need.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The product's name where Heroku's stands in texts: `deployed to PaaS`.
    pub product: String,
    /// Where API and git answer, without a slash at the end: `https://localhost:5443`.
    pub public_url: String,
    /// An app's URL with `{app}` for its name: `http://{app}.localhost:8080/`.
    pub app_url: String,
    /// Apps answer at `NAME.domain`.
    pub domain: String,
    /// What users point the DNS of their domains at are names below this one, which resolve to the routers.
    pub cname_domain: String,
    /// What log drains may reach.
    pub drains: DrainPolicy,
    /// In the order in which `GET /stacks` lists them; the first is the default.
    pub stacks: Vec<StackConfig>,
    /// Whether apps can be images of Dockerfiles, which is a stack too.
    pub container_builds: bool,
    /// Builds that run side by side.
    pub parallel_builds: usize,
    /// Apps that have a container waiting for their next build, on each host: those that were built there last.
    pub warm_builds: usize,
    pub crash: CrashPolicy,
    /// A web dyno's port must answer within this, or it is crashed (Heroku: R10).
    pub boot_timeout: Duration,
    /// From SIGTERM to SIGKILL (Heroku: R12).
    pub stop_timeout: Duration,
    /// A dyno taken out of the routers gets this long to finish its requests before SIGTERM.
    pub drain_timeout: Duration,
    /// An attached dyno waits this long for its client (Heroku: R13).
    pub attach_timeout: Duration,
    /// Most lifetime of a one-off dyno.
    pub one_off_lifetime: Duration,
    /// A dyno that has been up for this long is replaced by a fresh one; `None`: never (Heroku: 24 hours).
    pub cycle_after: Option<Duration>,
    /// A worker that does not renew its claim for this long has lost it.
    pub lease: Duration,
    /// Signs the certificates of hosts that join.
    pub signer: Arc<dyn HostSigner>,
    /// `None`: it listens for this machine only, so that no other can join.
    pub host_registry: Option<HostRegistry>,
    /// A controller that does not renew its leases for this long has lost its hosts.
    pub host_lease: Duration,
    /// How often each host's engine is asked whether it is there.
    pub host_heartbeat: Duration,
    /// A host whose engine does not answer for this long is lost.
    pub host_grace: Duration,
    /// How often the provider is asked for its machines.
    pub machines_every: Duration,
    /// A machine without a row, or a row without its machine, is as new as that for so long.
    pub machine_grace: Duration,
    /// MiB of hosts that joined which dynos may not use: their system's own.
    pub host_reserved_mb: u32,
    /// What a build holds of its host in plans: it may use more for a while. MiB, and thousandths of a core.
    pub build_reserved_mb: u32,
    pub build_reserved_millis: u32,
    /// How plans are made, but for `crash`, which is the one above.
    pub placement: Policy,
    /// How often each host is rid of the images of old releases.
    pub prune_images_every: Duration,
    /// Which slugs an app keeps.
    pub retention: Retention,
    /// How often what is not kept is collected.
    pub collect_every: Duration,
    /// What must be free of a disk for a build to start.
    pub min_free_disk: FreeDisk,
    /// Who is believed about where requests come from.
    pub trusted_proxies: TrustedProxies,
    /// How long audit events are kept; `None`: for ever.
    pub audit_kept: Option<Duration>,
    /// How often the memory of running dynos is looked at.
    pub sample_every: Duration,
}

impl Settings {
    #[must_use]
    pub fn app_url(&self, app: &paas_model::AppName) -> String {
        self.app_url.replace("{app}", app.as_str())
    }

    /// Domains that no app can have, nor anything below them.
    pub(crate) fn own_names(&self) -> Vec<&str> {
        let authority = self.public_url.split_once("://").map_or("", |(_, authority)| authority);
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        [self.domain.as_str(), self.cname_domain.as_str(), host].into_iter().filter(|name| !name.is_empty()).collect()
    }

    /// Of all that an app can have.
    #[must_use]
    pub fn stack_names(&self) -> Vec<&str> {
        let container = self.container_builds.then_some(CONTAINER_STACK);
        self.stacks.iter().map(|stack| stack.name.as_str()).chain(container).collect()
    }

    #[must_use]
    pub fn default_stack(&self) -> &str {
        self.stacks.first().map_or("", |stack| stack.name.as_str())
    }
}

impl Control {
    /// The engine of a host.
    ///
    /// # Errors
    /// [`OpError::NotFound`] when there is no such host (any more), or its endpoint is of a kind this server does not
    /// know.
    pub(crate) async fn engine(&self, host: HostId) -> Result<Arc<dyn Engine>, OpError> {
        let row = paas_db::hosts::find(self.db.pool(), host).await?.ok_or_else(|| OpError::not_found("host"))?;
        self.engine_at(row.endpoint.as_deref().ok_or_else(|| OpError::not_found("host"))?)
    }

    pub(crate) fn engine_at(&self, endpoint: &str) -> Result<Arc<dyn Engine>, OpError> {
        Ok(self.engines.engine(&endpoint.parse::<HostEndpoint>()?)?)
    }
}
