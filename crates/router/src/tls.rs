use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use rustls::{
    ServerConfig,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::table::Routes;

/// How the router's own TLS configuration becomes one that serves apps' names with the certificates that users brought.
#[derive(Debug)]
pub(crate) struct Tls {
    own: Arc<ArcSwap<ServerConfig>>,
    routes: Arc<Routes>,
    latest: ArcSwapOption<Made>,
}

#[derive(Debug)]
struct Made {
    of: Arc<ServerConfig>,
    config: Arc<ServerConfig>,
}

impl Tls {
    pub(crate) fn new(own: Arc<ArcSwap<ServerConfig>>, routes: Arc<Routes>) -> Self {
        Self { own, routes, latest: ArcSwapOption::empty() }
    }

    /// For the next connection: made anew only when the router's own has been swapped.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        let own = self.own.load_full();
        if let Some(latest) = &*self.latest.load()
            && Arc::ptr_eq(&latest.of, &own)
        {
            return Arc::clone(&latest.config);
        }
        let resolver = Resolver { routes: Arc::clone(&self.routes), own: Arc::clone(&own.cert_resolver) };
        let mut config = ServerConfig::clone(&own);
        config.cert_resolver = Arc::new(resolver);
        let config = Arc::new(config);
        self.latest.store(Some(Arc::new(Made { of: own, config: Arc::clone(&config) })));
        config
    }
}

#[derive(Debug)]
struct Resolver {
    routes: Arc<Routes>,
    /// Serves every other name.
    own: Arc<dyn ResolvesServerCert>,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        hello.server_name().and_then(|name| self.routes.certificate(name)).or_else(|| self.own.resolve(hello))
    }
}

#[cfg(test)]
mod tests {
    use rustls::{crypto::aws_lc_rs, server::ResolvesServerCertUsingSni};

    use super::*;

    fn config() -> ServerConfig {
        ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()))
    }

    #[test]
    fn connections_share_a_configuration_until_the_routers_own_is_swapped() {
        let own = Arc::new(ArcSwap::from_pointee(config()));
        let tls = Tls::new(Arc::clone(&own), Arc::new(Routes::new("test", 1)));
        let first = tls.config();
        assert!(Arc::ptr_eq(&first, &tls.config()));
        own.store(Arc::new(config()));
        let second = tls.config();
        assert!(!Arc::ptr_eq(&first, &second) && Arc::ptr_eq(&second, &tls.config()));
    }
}
