use chrono::{DateTime, TimeDelta, Utc};
use paas_model::HostId;
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, PublicKeyData,
};
use sha2::{Digest, Sha256};

use crate::{HostSigner, SignError, SignedHost};

/// An authority of a test's own, made anew each time. Its certificates say that they end in 90 days; their own dates
/// are the library's defaults.
#[derive(Debug)]
pub struct TestSigner {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl TestSigner {
    /// # Panics
    /// When no key can be made.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key can be made");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        let pem = params.self_signed(&key).expect("an authority signs itself").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }
}

impl Default for TestSigner {
    fn default() -> Self {
        Self::new()
    }
}

impl HostSigner for TestSigner {
    fn key_hash(&self, csr_pem: &str) -> Result<[u8; 32], SignError> {
        Ok(Sha256::digest(read(csr_pem)?.public_key.subject_public_key_info()).into())
    }

    fn sign(&self, csr_pem: &str, host: HostId, now: DateTime<Utc>) -> Result<SignedHost, SignError> {
        let request = read(csr_pem)?;
        let mut params =
            CertificateParams::new([format!("{host}.host.paas")]).map_err(|error| SignError::Failed(error.into()))?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&request.public_key, &self.issuer);
        Ok(SignedHost {
            certificate_pem: certificate.map_err(|error| SignError::Failed(error.into()))?.pem(),
            expires_at: now + TimeDelta::days(90),
            key_hash: Sha256::digest(request.public_key.subject_public_key_info()).into(),
        })
    }

    fn ca_pem(&self) -> &str {
        &self.pem
    }
}

fn read(csr_pem: &str) -> Result<CertificateSigningRequestParams, SignError> {
    CertificateSigningRequestParams::from_pem(csr_pem).map_err(|error| SignError::Unreadable(error.to_string()))
}
