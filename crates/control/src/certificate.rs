//! What a user's certificate says, and whether it can be served.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use rustls::{
    Error as TlsError,
    client::danger::ServerCertVerifier,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    sign::CertifiedKey,
};
use rustls_platform_verifier::Verifier;
use secrecy::{ExposeSecret, SecretString};
use x509_parser::{
    certificate::X509Certificate,
    extensions::GeneralName,
    objects::{oid_registry, oid2abbrev},
    prelude::FromDer,
    x509::X509Name,
};

/// Bytes of a chain that is stored and sent to every router.
const MAX_CHAIN_BYTES: usize = 64 * 1024;
/// Of its key. An RSA key of 16,384 bits, the longest that anybody has, is 13 KiB.
const MAX_KEY_BYTES: usize = 16 * 1024;

/// The system's authorities, read once. `None`: it has none that can be read.
static VERIFIER: LazyLock<Option<Verifier>> =
    LazyLock::new(|| Verifier::new(Arc::new(aws_lc_rs::default_provider())).ok());

/// What the leaf of a chain says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The names it is good for, `*.example.com` too.
    pub domains: Vec<String>,
    /// `/C=US/O=Example/CN=Example CA`.
    pub issuer: String,
    pub subject: String,
    pub starts_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Why it cannot be served. Display is for users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("The certificate chain is longer than {MAX_CHAIN_BYTES} bytes.")]
    TooLong,
    #[error("The key is longer than {MAX_KEY_BYTES} bytes. Give the one private key that belongs to the certificate.")]
    KeyTooLong,
    #[error(
        "The certificate chain is not PEM: it begins with -----BEGIN CERTIFICATE----- and holds the domain's certificate first, then each one's issuer."
    )]
    NoCertificate,
    #[error("The certificate chain cannot be read: it is damaged, or not an X.509 certificate.")]
    Malformed,
    #[error("The certificate chain is out of order: each certificate must be issued by the one that follows it.")]
    OutOfOrder,
    #[error("No certificate given is a domain name certificate.")]
    NoDomains,
    #[error("The certificate expired on {}.", .0.format("%Y-%m-%d"))]
    Expired(DateTime<Utc>),
    #[error("The key is encrypted. Remove its passphrase first: openssl pkey -in KEY -out NEW_KEY")]
    EncryptedKey,
    #[error("The key is not an RSA, ECDSA or Ed25519 private key in PEM.")]
    MalformedKey,
    #[error("Key doesn't match the PEM certificate")]
    OtherKey,
}

impl Certificate {
    /// Of a chain that was checked.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn parse(chain: &str) -> Result<Self, CertificateError> {
        let ders = ders(chain)?;
        let parsed = ders.iter().map(|der| X509Certificate::from_der(der).map(|(_, certificate)| certificate));
        let parsed = parsed.collect::<Result<Vec<_>, _>>().map_err(|_| CertificateError::Malformed)?;
        if parsed.windows(2).any(|pair| pair[0].issuer() != pair[1].subject()) {
            return Err(CertificateError::OutOfOrder);
        }
        let leaf = parsed.first().ok_or(CertificateError::NoCertificate)?;
        let time = |time: x509_parser::time::ASN1Time| DateTime::from_timestamp(time.timestamp(), 0);
        let validity = leaf.validity();
        let ends = time(validity.not_before).zip(time(validity.not_after));
        let (starts_at, expires_at) = ends.ok_or(CertificateError::Malformed)?;
        Ok(Self {
            domains: domains(leaf),
            issuer: shown(leaf.issuer()),
            subject: shown(leaf.subject()),
            starts_at,
            expires_at,
        })
    }

    /// Whether a server can serve the chain with this key now.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn check(chain: &str, key: &SecretString, now: DateTime<Utc>) -> Result<Self, CertificateError> {
        if chain.len() > MAX_CHAIN_BYTES {
            return Err(CertificateError::TooLong);
        }
        if key.expose_secret().len() > MAX_KEY_BYTES {
            return Err(CertificateError::KeyTooLong);
        }
        let certificate = Self::parse(chain)?;
        if certificate.domains.is_empty() {
            return Err(CertificateError::NoDomains);
        }
        if certificate.expires_at < now {
            return Err(CertificateError::Expired(certificate.expires_at));
        }
        let text = key.expose_secret();
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(CertificateError::EncryptedKey);
        }
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| CertificateError::MalformedKey)?;
        match CertifiedKey::from_der(ders(chain)?, key, &aws_lc_rs::default_provider()) {
            Ok(_) => Ok(certificate),
            Err(TlsError::InconsistentKeys(_)) => Err(CertificateError::OtherKey),
            Err(TlsError::InvalidCertificate(_)) => Err(CertificateError::Malformed),
            Err(_) => Err(CertificateError::MalformedKey),
        }
    }

    /// Whether the authorities that this system trusts vouch for the chain: most clients trust the same.
    #[must_use]
    pub fn is_trusted(&self, chain: &str, now: DateTime<Utc>) -> bool {
        let (Some(verifier), Ok(ders)) = (&*VERIFIER, ders(chain)) else { return false };
        // Any name that it is good for will do.
        let name = self.domains.first().map(|name| name.replacen('*', "www", 1)).and_then(|name| name.try_into().ok());
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now.timestamp().unsigned_abs()));
        let ([leaf, issuers @ ..], Some(name)) = (ders.as_slice(), name) else { return false };
        verifier.verify_server_cert(leaf, issuers, &ServerName::DnsName(name), &[], now).is_ok()
    }

    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.issuer == self.subject
    }
}

fn ders(chain: &str) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let ders = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<Vec<_>, _>>();
    ders.ok().filter(|ders| !ders.is_empty()).ok_or(CertificateError::NoCertificate)
}

/// Clients look at the common name only where there are no alternative names.
fn domains(leaf: &X509Certificate<'_>) -> Vec<String> {
    if let Ok(Some(names)) = leaf.subject_alternative_name() {
        let names = names.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        });
        return names.collect();
    }
    let common = leaf.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    common.map(str::to_ascii_lowercase).filter(|name| name.contains('.')).collect()
}

fn shown(name: &X509Name<'_>) -> String {
    let attributes = name.iter_attributes().map(|attribute| {
        let kind = oid2abbrev(attribute.attr_type(), oid_registry())
            .map_or_else(|_| attribute.attr_type().to_id_string(), str::to_owned);
        format!("/{kind}={}", attribute.as_str().unwrap_or_default())
    });
    attributes.collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::*;

    fn params(names: &[&str]) -> CertificateParams {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::OrganizationName, "Example");
        params.distinguished_name.push(DnType::CommonName, "www.example.com");
        params
    }

    fn secret(key: &KeyPair) -> SecretString {
        key.serialize_pem().into()
    }

    #[test]
    fn a_chain_with_its_key_says_what_it_is_good_for() {
        let (ca_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name.push(DnType::CommonName, "Example CA");
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let leaf =
            params(&["www.example.com", "*.Example.com"]).signed_by(&key, &Issuer::new(ca, ca_key)).unwrap().pem();
        let now = Utc::now();
        let certificate = Certificate::check(&format!("{leaf}{ca_pem}"), &secret(&key), now).unwrap();
        assert_eq!(certificate.domains, ["www.example.com", "*.example.com"]);
        assert!(certificate.subject.contains("/O=Example") && certificate.subject.contains("/CN=www.example.com"));
        assert!(certificate.issuer.contains("/CN=Example CA") && !certificate.is_self_signed());
        assert!(certificate.starts_at < now && certificate.expires_at > now);
        let turned = Certificate::check(&format!("{ca_pem}{leaf}"), &secret(&key), now);
        assert_eq!(turned, Err(CertificateError::OutOfOrder));
    }

    #[test]
    fn what_cannot_be_served_says_why() {
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let now = Utc::now();
        let chain = params(&["www.example.com"]).self_signed(&key).unwrap().pem();
        let mut old = params(&["www.example.com"]);
        old.not_after = rcgen::date_time_ymd(2020, 1, 1);
        let old = old.self_signed(&key).unwrap().pem();
        let mut nameless = CertificateParams::default();
        nameless.distinguished_name.push(DnType::CommonName, "me");
        let nameless = nameless.self_signed(&key).unwrap().pem();
        let expired = DateTime::from_timestamp(1_577_836_800, 0).unwrap();
        let encrypted =
            SecretString::from("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----");
        for (chain, key, want) in [
            (chain.as_str(), secret(&other), CertificateError::OtherKey),
            (&old, secret(&key), CertificateError::Expired(expired)),
            (&nameless, secret(&key), CertificateError::NoDomains),
            ("hello", secret(&key), CertificateError::NoCertificate),
            (&key.serialize_pem(), secret(&key), CertificateError::NoCertificate),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                secret(&key),
                CertificateError::Malformed,
            ),
            (&chain, "hello".into(), CertificateError::MalformedKey),
            (&chain, encrypted, CertificateError::EncryptedKey),
            (&"x".repeat(MAX_CHAIN_BYTES + 1), secret(&key), CertificateError::TooLong),
            (
                &chain,
                format!("{}{}", key.serialize_pem(), " ".repeat(MAX_KEY_BYTES)).into(),
                CertificateError::KeyTooLong,
            ),
        ] {
            assert_eq!(Certificate::check(chain, &key, now).unwrap_err(), want, "{want}");
        }
        let check = Certificate::check(&chain, &secret(&key), now + TimeDelta::days(1));
        let certificate = check.unwrap();
        assert!(certificate.is_self_signed() && !certificate.is_trusted(&chain, now));
    }
}
