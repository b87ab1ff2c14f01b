//! Mutual TLS to engines on other machines. Keys stay in memory.

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use secrecy::{ExposeSecret, SecretString};

use crate::EngineError;

/// What this side shows to engines, and what it wants to be shown.
#[derive(Clone)]
pub struct EngineTls {
    /// Signs every host's certificate. No other authority counts.
    pub ca_pem: String,
    /// The chain of our own certificate, for client authentication.
    pub client_cert_pem: String,
    pub client_key_pem: SecretString,
}

impl EngineTls {
    /// # Errors
    /// [`EngineError::InvalidTls`].
    pub(super) fn client_config(&self) -> Result<Arc<ClientConfig>, EngineError> {
        let invalid = |what| move |source| EngineError::InvalidTls { what, source };
        let mut roots = RootCertStore::empty();
        for authority in certificates(&self.ca_pem).map_err(invalid("certificate authority"))? {
            roots.add(authority).map_err(|error| invalid("certificate authority")(error.into()))?;
        }
        let chain = certificates(&self.client_cert_pem).map_err(invalid("client certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(self.client_key_pem.expose_secret().as_bytes())
            .map_err(|error| invalid("client key")(error.into()))?;
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_root_certificates(roots).with_client_auth_cert(chain, key))
            .map_err(|error| invalid("client certificate")(error.into()))?;
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for EngineTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineTls")
    }
}

type Invalid = Box<dyn std::error::Error + Send + Sync>;

/// At least one.
fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, Invalid> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() { Err("there is no certificate in it".into()) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_said_without_showing_it() {
        let tls = EngineTls {
            ca_pem: "nothing".to_owned(),
            client_cert_pem: String::new(),
            client_key_pem: "secret".to_owned().into(),
        };
        let error = tls.client_config().unwrap_err();
        assert_eq!(error.to_string(), "the certificate authority for engines cannot be used");
        assert!(!format!("{tls:?} {error:?}").contains("secret"));
    }
}
