//! Our own certificate authority: made at the first start, trusted by the CLI and by git for this server only.

use std::{net::IpAddr, path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::{crypto::aws_lc_rs, pki_types::PrivateKeyDer, sign::CertifiedKey};

use crate::files::{Readers, make_directory, read_if_there, write_whole};

const AUTHORITY_DAYS: i64 = 3_650;
/// Server certificates are made at every start and renewed while the server runs; they are never stored.
pub(crate) const CERTIFICATE_DAYS: i64 = 90;

/// Signs server certificates.
#[derive(Debug)]
pub(crate) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Reads the authority in `directory`, or makes one: `ca.pem` (public) and `ca.key` (0600).
    ///
    /// # Errors
    /// One of the two files is missing or damaged: clients trust the old certificate, so nothing is replaced silently.
    pub(crate) fn ensure(directory: &Path, now: DateTime<Utc>) -> Result<Self> {
        make_directory(directory, 0o711)?;
        let (certificate, key) = (directory.join("ca.pem"), directory.join("ca.key"));
        if let Some(pem) = read_if_there(&certificate)? {
            let Some(key_pem) = read_if_there(&key)? else {
                bail!(
                    "{} is missing. Put it back from your backup, or remove {} to have a new authority made: then \
                     `paas login` again on every machine.",
                    key.display(),
                    certificate.display()
                );
            };
            let key = KeyPair::from_pem(&key_pem).with_context(|| format!("reading {}", key.display()))?;
            let issuer =
                Issuer::from_ca_cert_pem(&pem, key).with_context(|| format!("reading {}", certificate.display()))?;
            return Ok(Self { pem, issuer });
        }
        let made = make(now).context("making a certificate authority")?;
        // The key first: a certificate on disk means that its key is there too.
        write_whole(&key, made.key_pem.as_bytes(), Readers::Owner)?;
        write_whole(&certificate, made.authority.pem.as_bytes(), Readers::Everyone)?;
        Ok(made.authority)
    }

    /// The certificate that clients trust.
    #[must_use]
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A server certificate and its key for these names (DNS names, wildcards, IP addresses), valid for
    /// [`CERTIFICATE_DAYS`].
    ///
    /// # Errors
    /// A name is neither.
    pub(crate) fn issue(&self, names: &[String], now: DateTime<Utc>) -> Result<Arc<CertifiedKey>> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)
            .with_context(|| format!("a certificate cannot be made out to {}", names.join(", ")))?;
        params.distinguished_name = common_name("paas server");
        valid_until(&mut params, now, now + TimeDelta::days(CERTIFICATE_DAYS));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = aws_lc_rs::sign::any_supported_type(&PrivateKeyDer::from(key))?;
        Ok(Arc::new(CertifiedKey::new(vec![certificate.into()], key)))
    }
}

/// Every name that clients may reach this server by.
#[must_use]
pub(crate) fn server_names(domain: &str, public_host: &str) -> Vec<String> {
    let wildcard = format!("*.{domain}");
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    for name in [domain, &wildcard, public_host] {
        // An address has no subdomains.
        let is_wildcard_of_address = name.strip_prefix("*.").is_some_and(|rest| rest.parse::<IpAddr>().is_ok());
        if !is_wildcard_of_address && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

struct Made {
    authority: Authority,
    key_pem: String,
}

fn make(now: DateTime<Utc>) -> Result<Made> {
    let key = KeyPair::generate()?;
    let key_pem = key.serialize_pem();
    let mut params = CertificateParams::default();
    // Unique, or clients that trust two of our authorities could not tell which one signed.
    params.distinguished_name = common_name(&format!("paas authority {:08x}", rand::random::<u32>()));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    valid_until(&mut params, now, now + TimeDelta::days(AUTHORITY_DAYS));
    let pem = params.self_signed(&key)?.pem();
    Ok(Made { authority: Authority { pem, issuer: Issuer::new(params, key) }, key_pem })
}

fn common_name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, text);
    name
}

/// From the day before, because clients' clocks differ.
fn valid_until(params: &mut CertificateParams, now: DateTime<Utc>, end: DateTime<Utc>) {
    let [from, until] = [now - TimeDelta::days(1), end].map(|at| {
        let [month, day] = [at.month(), at.day()].map(|number| u8::try_from(number).unwrap_or(1));
        date_time_ymd(at.year(), month, day)
    });
    params.not_before = from;
    params.not_after = until;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T03:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_later_start_finds_the_same_authority_and_can_sign_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let first = Authority::ensure(directory.path(), now()).unwrap();
        let second = Authority::ensure(directory.path(), now()).unwrap();
        assert_eq!(first.pem(), second.pem());
        second.issue(&server_names("apps.example.com", "paas.example.com"), now()).unwrap();
    }

    #[test]
    fn a_lost_key_is_an_error_that_says_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        Authority::ensure(directory.path(), now()).unwrap();
        std::fs::remove_file(directory.path().join("ca.key")).unwrap();
        let error = Authority::ensure(directory.path(), now()).unwrap_err().to_string();
        assert!(error.contains("ca.key is missing"), "{error}");
    }

    #[test]
    fn the_certificate_names_every_way_to_reach_the_server_once() {
        assert_eq!(
            server_names("localhost", "localhost"),
            ["localhost", "127.0.0.1", "::1", "*.localhost"].map(str::to_owned)
        );
        assert_eq!(
            server_names("apps.example.com", "10.0.0.5")[3..],
            ["apps.example.com", "*.apps.example.com", "10.0.0.5"].map(str::to_owned)
        );
    }
}
