//! What the embedded registry needs on a network: a certificate of our authority, by which hosts know it, and the one by
//! which it knows our tokens. They are files in the registry's directory, which only the server's account can enter.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    ca::Authority,
    files::{Readers, make_directory, read_if_there, remove_if_there, write_whole},
    registry::{Registry, RegistryListen},
    registry_tokens::TokenSigner,
    server_certificate::RENEW_EVERY,
};

pub(crate) const CERTIFICATE: &str = "certificate.pem";
pub(crate) const KEY: &str = "key.pem";
pub(crate) const TOKENS: &str = "tokens.pem";
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// Has all that a registry on `address` needs in its directory, and gives how it is started.
///
/// # Errors
/// Whatever the file system says, with the path.
pub(crate) fn ensure(
    directory: &Path,
    address: SocketAddr,
    authority: &Authority,
    signer: &TokenSigner,
    now: DateTime<Utc>,
) -> Result<RegistryListen> {
    make_directory(directory, 0o700)?;
    if !is_fresh(directory, address, authority, now)? {
        issue(directory, address, authority, now)?;
    }
    write_whole(&directory.join(TOKENS), signer.certificate().as_bytes(), Readers::Owner)?;
    // Of versions that had one password for everybody. It opens nothing any more.
    for name in ["password", "htpasswd"] {
        remove_if_there(&directory.join(name))?;
    }
    Ok(RegistryListen::Network { address, issuer: signer.issuer().to_owned() })
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
    remove_if_there(&path)?;
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
    use std::{fs, os::unix::fs::PermissionsExt};

    use chrono::TimeDelta;

    use super::*;

    fn ensured(directory: &Path, authority: &Authority, signer: &TokenSigner) -> RegistryListen {
        ensure(directory, "10.0.0.1:5050".parse().unwrap(), authority, signer, Utc::now()).unwrap()
    }

    fn files(directory: &Path) -> Vec<Vec<u8>> {
        [CERTIFICATE, KEY, TOKENS].map(|name| fs::read(directory.join(name)).unwrap()).to_vec()
    }

    #[test]
    fn a_second_start_finds_everything_as_the_first_made_it() {
        let (directory, authority, signer) =
            (tempfile::tempdir().unwrap(), Authority::for_test(), TokenSigner::for_test());
        let listen = ensured(directory.path(), &authority, &signer);
        let first = files(directory.path());
        assert_eq!(ensured(directory.path(), &authority, &signer), listen);
        assert_eq!(files(directory.path()), first);
        for entry in fs::read_dir(directory.path()).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_ne!(ensured(directory.path(), &authority, &TokenSigner::for_test()), listen, "it must be started anew");
    }

    #[test]
    fn the_password_of_an_earlier_version_leaves_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let old = ["password", "htpasswd"].map(|name| directory.path().join(name));
        old.iter().for_each(|path| fs::write(path, "secret").unwrap());
        ensured(directory.path(), &Authority::for_test(), &TokenSigner::for_test());
        assert!(old.iter().all(|path| !path.exists()));
    }

    #[test]
    fn another_address_another_authority_and_age_call_for_another_certificate() {
        let (directory, authority) = (tempfile::tempdir().unwrap(), Authority::for_test());
        let (here, there) = ("10.0.0.1:5050".parse().unwrap(), "10.0.0.2:5050".parse().unwrap());
        ensured(directory.path(), &authority, &TokenSigner::for_test());
        let is_fresh = |address, authority, days| {
            is_fresh(directory.path(), address, authority, Utc::now() + TimeDelta::days(days)).unwrap()
        };
        assert!(is_fresh(here, &authority, 29));
        assert!(!is_fresh(here, &authority, 31));
        assert!(!is_fresh(there, &authority, 0));
        assert!(!is_fresh(here, &Authority::for_test(), 0));
    }
}
