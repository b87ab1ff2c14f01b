//! What a machine that joins needs from the certificate authority, without its key being known here.

use std::fmt;

use chrono::{DateTime, Utc};
use paas_model::HostId;

/// Signs hosts' certificates. The server provides it; the key stays there.
pub trait HostSigner: fmt::Debug + Send + Sync {
    /// SHA-256 of the public key that the request was made with (its SubjectPublicKeyInfo in DER). It tells whether a
    /// token that was used is shown by the same machine again.
    ///
    /// # Errors
    /// [`SignError::Unreadable`]: no PEM, no PKCS #10 request, or one whose signature does not prove its key.
    fn key_hash(&self, csr_pem: &str) -> Result<[u8; 32], SignError>;

    /// A certificate for the key in the request, and for nothing else that it asks for: server authentication only,
    /// made out to `<host id>.host.paas` alone. No address: one and the same authority vouches for the API and the registry.
    ///
    /// # Errors
    /// [`SignError`].
    fn sign(&self, csr_pem: &str, host: HostId, now: DateTime<Utc>) -> Result<SignedHost, SignError>;

    /// The authority's own certificate, which hosts trust.
    fn ca_pem(&self) -> &str;
}

/// What a host is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHost {
    pub certificate_pem: String,
    pub expires_at: DateTime<Utc>,
    /// As [`HostSigner::key_hash`] of the same request.
    pub key_hash: [u8; 32],
}

#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The machine's doing; the text can be shown to it.
    #[error("the certificate request cannot be read: {0}")]
    Unreadable(String),
    /// Ours.
    #[error("the certificate could not be signed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The registry as hosts reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRegistry {
    /// `10.0.0.1:5050`, as in the names of images.
    pub address: String,
    /// Its certificate is of our own authority, so that hosts have to be told to trust it.
    pub is_ours: bool,
}
