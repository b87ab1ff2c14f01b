//! What the authority signs for hosts.

use chrono::{DateTime, TimeDelta, Utc};
use paas_control::{HostSigner, SignError, SignedHost};
use paas_hosts::server_name;
use paas_model::HostId;
use rcgen::{CertificateParams, CertificateSigningRequestParams, ExtendedKeyUsagePurpose, PublicKeyData};
use sha2::{Digest, Sha256};

use crate::ca::{Authority, CERTIFICATE_DAYS};

impl HostSigner for Authority {
    fn key_hash(&self, csr_pem: &str) -> Result<[u8; 32], SignError> {
        Ok(hash(&read(csr_pem)?))
    }

    fn sign(&self, csr_pem: &str, host: HostId, now: DateTime<Utc>) -> Result<SignedHost, SignError> {
        let request = read(csr_pem)?;
        // Nothing of what the request asks for counts but its key: a host that could name itself could pose as another.
        // Nor does the address count that it gives for its own: clients would take it for the API or registry there.
        let params = CertificateParams::new([server_name(host)]).map_err(|error| SignError::Failed(error.into()))?;
        let signed = self.sign(params, "paas host", ExtendedKeyUsagePurpose::ServerAuth, now, &request.public_key);
        Ok(SignedHost {
            certificate_pem: signed.map_err(|error| SignError::Failed(error.into()))?,
            expires_at: now + TimeDelta::days(CERTIFICATE_DAYS),
            key_hash: hash(&request),
        })
    }

    fn ca_pem(&self) -> &str {
        self.pem()
    }
}

/// Checks that whoever made the request has the key.
fn read(csr_pem: &str) -> Result<CertificateSigningRequestParams, SignError> {
    CertificateSigningRequestParams::from_pem(csr_pem).map_err(|error| SignError::Unreadable(error.to_string()))
}

fn hash(request: &CertificateSigningRequestParams) -> [u8; 32] {
    Sha256::digest(request.public_key.subject_public_key_info()).into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use paas_db::new_id;
    use rcgen::{BasicConstraints, IsCa, KeyPair};
    use rustls::{
        RootCertStore,
        client::{WebPkiServerVerifier, danger::ServerCertVerifier},
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
        server::WebPkiClientVerifier,
    };

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T03:00:00Z".parse().unwrap()
    }

    fn at(time: DateTime<Utc>) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(time.timestamp().try_into().unwrap()))
    }

    /// A request that asks for more than it is due.
    fn request(key: &KeyPair) -> String {
        let mut params = CertificateParams::new(["paas.example.com".to_owned(), "10.0.0.5".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.serialize_request(key).unwrap().pem().unwrap()
    }

    fn roots(authority: &Authority) -> std::sync::Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        roots.into()
    }

    #[test]
    fn a_host_gets_a_certificate_for_itself_alone_whatever_it_asks_for() {
        let (authority, host, other) = (Authority::for_test(), new_id::<HostId>(), new_id::<HostId>());
        let key = KeyPair::generate().unwrap();
        let signed = HostSigner::sign(&authority, &request(&key), host, now()).unwrap();
        assert_eq!(signed.key_hash, HostSigner::key_hash(&authority, &request(&key)).unwrap());

        let provider = std::sync::Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots(&authority), provider.clone()).build().unwrap();
        let certificate = CertificateDer::from_pem_slice(signed.certificate_pem.as_bytes()).unwrap();
        let holds = |name: &str, time: DateTime<Utc>| {
            let name = ServerName::try_from(name).unwrap();
            verifier.verify_server_cert(&certificate, &[], &name, &[], at(time)).is_ok()
        };
        assert!(holds(&server_name(host), now()));
        for name in [&*server_name(other), "paas.example.com", "10.0.0.5"] {
            assert!(!holds(name, now()), "{name}");
        }
        assert!(holds(&server_name(host), now() + TimeDelta::days(89)));
        assert!(!holds(&server_name(host), now() + TimeDelta::days(91)));

        // Neither does it open another host's engine.
        let clients = WebPkiClientVerifier::builder_with_provider(roots(&authority), provider).build().unwrap();
        assert!(clients.verify_client_cert(&certificate, &[], at(now())).is_err());
        let ours = authority.issue_client(now()).unwrap();
        let ours = CertificateDer::from_pem_slice(ours.certificate.as_bytes()).unwrap();
        assert!(clients.verify_client_cert(&ours, &[], at(now())).is_ok());
        let name = ServerName::try_from(server_name(host)).unwrap();
        assert!(verifier.verify_server_cert(&ours, &[], &name, &[], at(now())).is_err());
    }

    #[test]
    fn a_request_that_is_damaged_or_not_signed_by_its_key_is_refused() {
        let authority = Authority::for_test();
        assert!(matches!(authority.key_hash("hello"), Err(SignError::Unreadable(_))));
        let whole = request(&KeyPair::generate().unwrap());
        // The signature is at the end of the DER; the last full line of Base64 is part of it.
        let mut lines: Vec<_> = whole.lines().map(str::to_owned).collect();
        let last = lines.len() - 3;
        lines[last] = lines[last].chars().rev().collect();
        assert!(matches!(authority.key_hash(&lines.join("\n")), Err(SignError::Unreadable(_))));
    }
}
