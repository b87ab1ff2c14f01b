//! The installation's own certificate authority: made at the first start and kept in the database, its key sealed, so that
//! every process signs for the same one. Trusted by the CLI and by git for this server only, and by hosts.

use std::{net::IpAddr, path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use paas_db::{
    Db, DbError,
    authority::{self, StoredAuthority},
};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use secrecy::{ExposeSecret, SecretString};

use crate::files::{Readers, make_directory, read_if_there, remove_if_there, write_whole};

pub(crate) const AUTHORITY_DAYS: i64 = 3_650;
/// Of every certificate that it signs; they are renewed long before.
pub(crate) const CERTIFICATE_DAYS: i64 = 90;

/// Signs certificates.
#[derive(Debug)]
pub(crate) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, both PEM.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: SecretString,
}

impl Authority {
    /// The authority in the database. Where there is none yet, that of earlier versions (`ca.pem` and `ca.key` in
    /// `directory`) is taken over, or else one is made. Of two first starts at once, both get the same.
    ///
    /// `ca.pem` is written for people and their tools. `ca.key` is removed once the database has it.
    ///
    /// # Errors
    /// The stored key does not open with this master key. Of the two files one is missing or damaged: clients trust the old
    /// certificate, so nothing is replaced silently.
    pub(crate) async fn ensure(db: &Db, directory: &Path, now: DateTime<Utc>) -> Result<Self> {
        make_directory(directory, 0o711)?;
        let stored = match authority::find(db).await.map_err(explain)? {
            Some(stored) => stored,
            None => {
                let new = match of_files(directory)? {
                    Some(found) => found,
                    None => make(now).context("making a certificate authority")?,
                };
                authority::settle(db, &new).await.map_err(explain)?
            }
        };
        let authority = Self::of(stored)?;
        leave_only_certificate(directory, authority.pem())?;
        Ok(authority)
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
    pub(crate) fn issue(&self, names: &[String], now: DateTime<Utc>) -> Result<Issued> {
        let params = CertificateParams::new(names)
            .with_context(|| format!("a certificate cannot be made out to {}", names.join(", ")))?;
        self.issue_for(params, "paas server", ExtendedKeyUsagePurpose::ServerAuth, now)
    }

    /// A certificate that shows hosts' engines that this is the control plane: good for nothing else.
    ///
    /// # Errors
    /// None that this build of rcgen can have.
    pub(crate) fn issue_client(&self, now: DateTime<Utc>) -> Result<Issued> {
        self.issue_for(CertificateParams::default(), "paas control plane", ExtendedKeyUsagePurpose::ClientAuth, now)
    }

    fn issue_for(
        &self,
        params: CertificateParams,
        name: &str,
        usage: ExtendedKeyUsagePurpose,
        now: DateTime<Utc>,
    ) -> Result<Issued> {
        let key = KeyPair::generate()?;
        let certificate = self.sign(params, name, usage, now, &key)?;
        Ok(Issued { certificate, key: SecretString::from(key.serialize_pem()) })
    }

    /// A certificate (PEM) for a key that may be somebody else's. Of the parameters only the alternative names count.
    ///
    /// # Errors
    /// None that this build of rcgen can have.
    pub(crate) fn sign(
        &self,
        mut params: CertificateParams,
        name: &str,
        usage: ExtendedKeyUsagePurpose,
        now: DateTime<Utc>,
        key: &impl PublicKeyData,
    ) -> Result<String> {
        params.distinguished_name = common_name(name);
        valid_until(&mut params, now, now + TimeDelta::days(CERTIFICATE_DAYS));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(key, &self.issuer)?.pem())
    }

    /// One that is in no database.
    #[cfg(test)]
    pub(crate) fn for_test() -> Self {
        Self::for_test_at("2026-11-23T03:00:00Z".parse().unwrap())
    }

    #[cfg(test)]
    pub(crate) fn for_test_at(now: DateTime<Utc>) -> Self {
        Self::of(make(now).unwrap()).unwrap()
    }

    fn of(stored: StoredAuthority) -> Result<Self> {
        let key = KeyPair::from_pem(stored.key.expose_secret()).context("reading the stored authority's key")?;
        let issuer = Issuer::from_ca_cert_pem(&stored.certificate, key).context("reading the stored authority")?;
        Ok(Self { pem: stored.certificate, issuer })
    }
}

impl Issued {
    /// As TLS servers want it.
    ///
    /// # Errors
    /// It is damaged.
    pub(crate) fn certified_key(&self) -> Result<Arc<CertifiedKey>> {
        let chain = CertificateDer::pem_slice_iter(self.certificate.as_bytes()).collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(self.key.expose_secret().as_bytes())?;
        Ok(Arc::new(CertifiedKey::new(chain, aws_lc_rs::sign::any_supported_type(&key)?)))
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

fn explain(error: DbError) -> anyhow::Error {
    let is_other_key = matches!(error, DbError::Secret(_));
    let error = anyhow::Error::from(error);
    if !is_other_key {
        return error.context("reading the certificate authority from the database");
    }
    error.context(
        "What this installation has stored does not open with this master key.\n\
         Set PAAS_MASTER_KEY to the content of keys/master.key in the data directory of the process that was started first.",
    )
}

/// What versions that served from one machine alone kept in files.
fn of_files(directory: &Path) -> Result<Option<StoredAuthority>> {
    let (certificate, key) = (directory.join("ca.pem"), directory.join("ca.key"));
    let Some(pem) = read_if_there(&certificate)? else {
        return Ok(None);
    };
    let Some(key_pem) = read_if_there(&key)? else {
        bail!(
            "{} is there, but its authority is not in the database, and neither is {}.\n\
             Restore the database from your backup, or remove {} to have a new authority made: then `paas login` again on \
             every machine.",
            certificate.display(),
            key.display(),
            certificate.display()
        );
    };
    let pair = KeyPair::from_pem(&key_pem).with_context(|| format!("reading {}", key.display()))?;
    Issuer::from_ca_cert_pem(&pem, pair).with_context(|| format!("reading {}", certificate.display()))?;
    Ok(Some(StoredAuthority { certificate: pem, key: SecretString::from(key_pem) }))
}

fn leave_only_certificate(directory: &Path, pem: &str) -> Result<()> {
    let (certificate, key) = (directory.join("ca.pem"), directory.join("ca.key"));
    let in_file = read_if_there(&certificate)?;
    if in_file.as_deref() == Some(pem) {
        return remove_if_there(&key);
    }
    if in_file.is_some() {
        tracing::warn!(path = %certificate.display(), "this was another installation's authority; replacing it");
    }
    write_whole(&certificate, pem.as_bytes(), Readers::Everyone)
}

fn make(now: DateTime<Utc>) -> Result<StoredAuthority> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    // Unique, or clients that trust two of our authorities could not tell which one signed.
    params.distinguished_name = common_name(&format!("paas authority {:08x}", rand::random::<u32>()));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    valid_until(&mut params, now, now + TimeDelta::days(AUTHORITY_DAYS));
    let certificate = params.self_signed(&key)?.pem();
    Ok(StoredAuthority { certificate, key: SecretString::from(key.serialize_pem()) })
}

pub(crate) fn common_name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, text);
    name
}

/// From the day before, because clients' clocks differ.
pub(crate) fn valid_until(params: &mut CertificateParams, now: DateTime<Utc>, end: DateTime<Utc>) {
    let [from, until] = [now - TimeDelta::days(1), end].map(|at| {
        let [month, day] = [at.month(), at.day()].map(|number| u8::try_from(number).unwrap_or(1));
        date_time_ymd(at.year(), month, day)
    });
    params.not_before = from;
    params.not_after = until;
}

#[cfg(test)]
mod tests {
    use std::fs;

    use paas_db::{Vault, testing::TestDb};

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T03:00:00Z".parse().unwrap()
    }

    async fn ensure(db: &Db, directory: &Path) -> Result<Authority> {
        Authority::ensure(db, directory, now()).await
    }

    #[tokio::test]
    async fn every_process_signs_for_the_same_authority_whoever_was_first() {
        let database = TestDb::new().await;
        let directories = [(), (), ()].map(|()| tempfile::tempdir().unwrap());
        let [one, two, three] = directories.each_ref().map(|directory| ensure(database.db(), directory.path()));
        let (one, two, three) = tokio::join!(one, two, three);
        let (one, two, three) = (one.unwrap(), two.unwrap(), three.unwrap());
        assert!(one.pem() == two.pem() && two.pem() == three.pem());
        for directory in &directories {
            assert_eq!(fs::read_to_string(directory.path().join("ca.pem")).unwrap(), one.pem());
            assert!(!directory.path().join("ca.key").exists());
        }
        two.issue(&server_names("apps.example.com", "paas.example.com"), now()).unwrap().certified_key().unwrap();
        database.drop_database().await;
    }

    #[tokio::test]
    async fn the_authority_of_an_earlier_version_is_taken_over_and_its_key_leaves_the_disk() {
        let (database, directory) = (TestDb::new().await, tempfile::tempdir().unwrap());
        let old = make(now()).unwrap();
        let (certificate, key) = (directory.path().join("ca.pem"), directory.path().join("ca.key"));
        fs::write(&certificate, &old.certificate).unwrap();
        fs::write(&key, old.key.expose_secret()).unwrap();
        for _ in 0..2 {
            assert_eq!(ensure(database.db(), directory.path()).await.unwrap().pem(), old.certificate);
            assert!(certificate.exists() && !key.exists());
        }
        database.drop_database().await;
    }

    #[tokio::test]
    async fn a_certificate_without_its_key_is_not_replaced_silently() {
        let (database, directory) = (TestDb::new().await, tempfile::tempdir().unwrap());
        fs::write(directory.path().join("ca.pem"), make(now()).unwrap().certificate).unwrap();
        let error = ensure(database.db(), directory.path()).await.unwrap_err().to_string();
        assert!(error.contains("its authority is not in the database"), "{error}");
        database.drop_database().await;
    }

    #[tokio::test]
    async fn another_master_key_is_an_error_that_says_what_to_do() {
        let (database, directory) = (TestDb::new().await, tempfile::tempdir().unwrap());
        ensure(database.db(), directory.path()).await.unwrap();
        let other = Vault::new(&SecretString::from("8".repeat(64))).unwrap();
        let other = Db::connect(&database.url(), other).await.unwrap();
        let error = ensure(&other, directory.path()).await.unwrap_err().to_string();
        assert!(error.contains("Set PAAS_MASTER_KEY"), "{error}");
        other.close().await;
        database.drop_database().await;
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
