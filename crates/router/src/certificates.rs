use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use paas_db::{
    Vault,
    sni_endpoints::{Sealed, Served},
};
use paas_model::{AppId, Hostname, SniEndpointId};
use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use secrecy::ExposeSecret;

use crate::host_map::HostMap;

/// The certificates that users brought, by the host names that they are attached to, with the apps that both are of; swapped
/// whole.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    by_host: ArcSwap<HostMap<(AppId, Arc<CertifiedKey>)>>,
}

/// Certificates as they were read, so that only those that changed are read again.
#[derive(Debug, Default)]
pub(crate) struct Known {
    served: Vec<Served>,
    sealed: HashMap<SniEndpointId, Arc<Sealed>>,
    /// `None`: it cannot be served, which has been said.
    opened: HashMap<SniEndpointId, Option<Arc<CertifiedKey>>>,
}

impl Certificates {
    /// Puts what is known in force.
    pub(crate) fn replace(&self, known: &mut Known, vault: &Vault) {
        let mut map = HostMap::default();
        for Served { app_id, hostname, id, .. } in &known.served {
            let opened =
                known.opened.entry(*id).or_insert_with(|| known.sealed.get(id).and_then(|row| open(row, vault)));
            if let (Some(key), Ok(hostname)) = (opened, Hostname::parse(hostname)) {
                map.insert(&hostname, (*app_id, Arc::clone(key)));
            }
        }
        self.by_host.store(Arc::new(map));
    }

    /// That of this host name (lower case), or else of the nearest wildcard above it, and whose it is.
    pub(crate) fn find(&self, host: &str) -> Option<(AppId, Arc<CertifiedKey>)> {
        self.by_host.load().find(host).cloned()
    }
}

impl Known {
    pub(crate) fn of(served: Vec<Served>, sealed: Vec<Arc<Sealed>>) -> Self {
        let sealed = sealed.into_iter().map(|row| (row.id, row)).collect();
        Self { served, sealed, opened: HashMap::new() }
    }

    /// Certificates that are served now and not known as of when they last changed. `None`: nothing has changed.
    pub(crate) fn missing(&self, served: &[Served]) -> Option<Vec<SniEndpointId>> {
        if self.served == served {
            return None;
        }
        let is_known = |id, at: DateTime<Utc>| self.sealed.get(&id).is_some_and(|row| row.updated_at >= at);
        let missing: HashSet<_> =
            served.iter().filter(|row| !is_known(row.id, row.updated_at)).map(|row| row.id).collect();
        Some(missing.into_iter().collect())
    }

    /// Takes in what was read, and forgets what is served no more.
    pub(crate) fn update(&mut self, served: Vec<Served>, read: Vec<Sealed>) {
        for row in read {
            self.opened.remove(&row.id);
            self.sealed.insert(row.id, Arc::new(row));
        }
        let ids: HashSet<_> = served.iter().map(|row| row.id).collect();
        self.sealed.retain(|id, _| ids.contains(id));
        self.opened.retain(|id, _| ids.contains(id));
        self.served = served;
    }

    /// For the snapshot: which certificate each name has, and the certificates, their keys sealed.
    pub(crate) fn rows(&self) -> (Vec<Served>, Vec<Arc<Sealed>>) {
        let mut sealed: Vec<_> = self.sealed.values().cloned().collect();
        sealed.sort_by_key(|row| row.id);
        (self.served.clone(), sealed)
    }
}

fn open(row: &Sealed, vault: &Vault) -> Option<Arc<CertifiedKey>> {
    let opened = row.key.open(vault, row.id).map_err(|error| error.to_string()).and_then(|key| {
        let chain = CertificateDer::pem_slice_iter(row.certificate_chain.as_bytes()).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes()).map_err(|error| error.to_string())?;
        CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|error| error.to_string())
    });
    opened
        .map(Arc::new)
        .map_err(|error| tracing::error!(sni_endpoint.id = %row.id, error, "a certificate cannot be served"))
        .ok()
}
