//! How hosts get at the embedded registry: a certificate of our authority and one password, both made here. They are
//! files in the registry's directory, which only the server's account can enter.

use std::{
    fs,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use paas_hosts::RegistryLogin;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    ca::Authority,
    files::{Readers, make_directory, read_if_there, write_whole},
    registry::Registry,
    server_certificate::RENEW_EVERY,
};

pub(crate) const CERTIFICATE: &str = "certificate.pem";
pub(crate) const KEY: &str = "key.pem";
pub(crate) const HTPASSWD: &str = "htpasswd";
const PASSWORD: &str = "password";
/// The one user of the registry: engines log in with what the control plane sends along.
const USER: &str = "paas";
/// The registry checks it at every request. A password of 256 random bits needs no slow hash; bcrypt is what it reads.
const BCRYPT_COST: u32 = 4;
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// Has all that a registry on `address` needs in its directory.
///
/// # Errors
/// Whatever the file system says, with the path.
pub(crate) fn ensure(
    directory: &Path,
    address: SocketAddr,
    authority: &Authority,
    now: DateTime<Utc>,
) -> Result<RegistryLogin> {
    make_directory(directory, 0o700)?;
    if !is_fresh(directory, address, authority, now)? {
        issue(directory, address, authority, now)?;
    }
    let password = match password(directory)? {
        Some(password) => password,
        None => {
            let password = hex::encode(rand::random::<[u8; 32]>());
            write_whole(&directory.join(PASSWORD), password.as_bytes(), Readers::Owner)?;
            SecretString::from(password)
        }
    };
    let entry = read_if_there(&directory.join(HTPASSWD))?;
    let is_current = entry.as_deref().and_then(|entry| entry.trim().strip_prefix("paas:")).is_some_and(|hash| {
        // A damaged hash is replaced.
        bcrypt::verify(password.expose_secret(), hash).unwrap_or(false)
    });
    if !is_current {
        let hash = bcrypt::hash(password.expose_secret(), BCRYPT_COST).context("hashing the registry's password")?;
        write_whole(&directory.join(HTPASSWD), format!("{USER}:{hash}\n").as_bytes(), Readers::Owner)?;
    }
    Ok(login(address, password))
}

/// What another process on the same data directory made. `None`: none did.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn find(directory: &Path, address: SocketAddr) -> Result<Option<RegistryLogin>> {
    Ok(password(directory)?.map(|password| login(address, password)))
}

/// Renews the certificate long before it ends, and has the registry read it, until `stop`.
pub(crate) async fn keep_fresh(
    registry: Registry,
    directory: PathBuf,
    authority: Arc<Authority>,
    stop: CancellationToken,
) {
    while stop.run_until_cancelled(sleep(LOOK_EVERY)).await.is_some() {
        let (address, now) = (registry.address(), Utc::now());
        let renewed = match is_fresh(&directory, address, &authority, now) {
            Ok(true) => continue,
            _ => issue(&directory, address, &authority, now),
        };
        let restarted = match renewed {
            Ok(()) => registry.restart().await,
            Err(error) => Err(error),
        };
        if let Err(error) = restarted {
            tracing::error!(error = format!("{error:#}"), "the image registry's certificate could not be renewed");
        }
    }
}

fn login(address: SocketAddr, password: SecretString) -> RegistryLogin {
    RegistryLogin { address: address.to_string(), user: USER.to_owned(), password }
}

fn password(directory: &Path) -> Result<Option<SecretString>> {
    let text = read_if_there(&directory.join(PASSWORD))?;
    Ok(text.map(|text| SecretString::from(text.trim())))
}

/// The certificate is for this address, of this authority (which stands in the file after it), and young.
fn is_fresh(directory: &Path, address: SocketAddr, authority: &Authority, now: DateTime<Utc>) -> Result<bool> {
    let path = directory.join(CERTIFICATE);
    let Some(text) = read_if_there(&path)? else { return Ok(false) };
    if !text.starts_with(&heading(address)) || !text.ends_with(authority.pem()) || !directory.join(KEY).exists() {
        return Ok(false);
    }
    let written = path.metadata().and_then(|about| about.modified());
    let written: DateTime<Utc> = written.with_context(|| format!("looking at {}", path.display()))?.into();
    Ok((now - written).to_std().is_ok_and(|age| age < RENEW_EVERY))
}

fn issue(directory: &Path, address: SocketAddr, authority: &Authority, now: DateTime<Utc>) -> Result<()> {
    let issued = authority.issue(&[address.ip().to_string()], now)?;
    // Removed first, so that a certificate on disk means that its own key is there too.
    let path = directory.join(CERTIFICATE);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("removing {}", path.display()));
        }
        _ => {}
    }
    write_whole(&directory.join(KEY), issued.key.expose_secret().as_bytes(), Readers::Owner)?;
    let text = format!("{}{}{}", heading(address), issued.certificate, authority.pem());
    write_whole(&path, text.as_bytes(), Readers::Owner)
}

/// Text before the first certificate of a PEM file is a comment.
fn heading(address: SocketAddr) -> String {
    format!("For {}\n", address.ip())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use chrono::TimeDelta;
    use paas_builder::RegistryConfig;

    use super::*;
    use crate::registry::RegistryListen;

    fn files(directory: &Path) -> Vec<Vec<u8>> {
        [CERTIFICATE, KEY, PASSWORD, HTPASSWD].map(|name| fs::read(directory.join(name)).unwrap()).to_vec()
    }

    #[test]
    fn a_second_start_finds_everything_as_the_first_made_it() {
        let (directory, authority) = (tempfile::tempdir().unwrap(), Authority::for_test());
        let address = "10.0.0.1:5050".parse().unwrap();
        let login = ensure(directory.path(), address, &authority, Utc::now()).unwrap();
        let first = files(directory.path());
        let again = ensure(directory.path(), address, &authority, Utc::now()).unwrap();
        assert_eq!(files(directory.path()), first);
        assert_eq!(login.password.expose_secret(), again.password.expose_secret());
        let found = find(directory.path(), address).unwrap().unwrap();
        assert_eq!(found.password.expose_secret(), login.password.expose_secret());
        for entry in fs::read_dir(directory.path()).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn another_address_another_authority_and_age_call_for_another_certificate() {
        let (directory, authority) = (tempfile::tempdir().unwrap(), Authority::for_test());
        let (here, there) = ("10.0.0.1:5050".parse().unwrap(), "10.0.0.2:5050".parse().unwrap());
        ensure(directory.path(), here, &authority, Utc::now()).unwrap();
        let is_fresh = |address, authority, days| {
            is_fresh(directory.path(), address, authority, Utc::now() + TimeDelta::days(days)).unwrap()
        };
        assert!(is_fresh(here, &authority, 29));
        assert!(!is_fresh(here, &authority, 31));
        assert!(!is_fresh(there, &authority, 0));
        assert!(!is_fresh(here, &Authority::for_test(), 0));
    }

    #[tokio::test]
    async fn only_who_trusts_our_authority_and_knows_the_password_gets_in() {
        let (directory, authority) = (tempfile::tempdir().unwrap(), Authority::for_test_at(Utc::now()));
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let login = ensure(directory.path(), free, &authority, Utc::now()).unwrap();
        let registry = Registry::ensure(directory.path(), RegistryListen::Network(free)).await.unwrap();
        let pings = async |password: &SecretString, authority: Option<&str>| {
            let credentials = Some((login.user.clone(), password.clone()));
            let config = RegistryConfig { url: format!("https://{free}").parse().unwrap(), credentials };
            let client = paas_builder::Registry::trusting(config, authority).unwrap();
            let bytes = futures::stream::iter([Ok(b"blob".as_slice().into())]);
            client.put_blob("apps/one", bytes, 100).await.is_ok()
        };
        assert!(pings(&login.password, Some(authority.pem())).await);
        assert!(!pings(&"guessed".to_owned().into(), Some(authority.pem())).await);
        assert!(!pings(&login.password, None).await);
        registry.restart().await.unwrap();
        assert!(pings(&login.password, Some(authority.pem())).await);
        registry.stop().await.unwrap();
    }
}
