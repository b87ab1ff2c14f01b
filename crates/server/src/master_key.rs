//! The key that secrets are stored under.

use std::path::Path;

use anyhow::{Context, Result, bail};
use paas_db::Vault;
use secrecy::SecretString;

use crate::{
    config::Config,
    files::{Readers, make_directory, read_if_there, write_whole},
};

/// The key that is configured, else the one in `directory`, else a new one, kept there.
///
/// `has_data`: a database of ours exists already. Then a missing key is an error: a new one would make every stored
/// config var unreadable.
///
/// # Errors
/// The key is missing though there is data, or the file system refuses.
pub(crate) fn load(configured: Option<&SecretString>, directory: &Path, has_data: bool) -> Result<SecretString> {
    if let Some(key) = configured {
        return Ok(key.clone());
    }
    let path = directory.join("master.key");
    if let Some(text) = read_if_there(&path)? {
        return Ok(SecretString::from(text));
    }
    if has_data {
        bail!(
            "{} is missing, and config vars are stored under it.\n\
             Put it back from your backup, or set PAAS_MASTER_KEY to its content.",
            path.display()
        );
    }
    make_directory(directory, 0o700)?;
    let key = hex::encode(rand::random::<[u8; 32]>());
    write_whole(&path, key.as_bytes(), Readers::Owner)?;
    Ok(SecretString::from(key))
}

/// The vault of an installation that other processes work on too: its key is never made here.
///
/// # Errors
/// There is no key; the text says where to get it.
pub(crate) fn vault_of_installation(config: &Config) -> Result<Vault> {
    let path = config.path("keys/master.key");
    let key = match &config.master_key {
        Some(key) => key.clone(),
        None => match read_if_there(&path)? {
            Some(text) => SecretString::from(text),
            None => bail!(
                "PAAS_MASTER_KEY is not set, and there is no {}.\n\
                 All processes of an installation need the same key: set it to the content of keys/master.key in the data \
                 directory of the one that was started first. A new installation's is made by `openssl rand -hex 32`.",
                path.display()
            ),
        },
    };
    Vault::new(&key).context("the master key cannot be used")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_first_start_makes_a_key_and_every_later_one_finds_it() {
        let directory = tempfile::tempdir().unwrap();
        let first = load(None, directory.path(), false).unwrap();
        let second = load(None, directory.path(), true).unwrap();
        assert_eq!(first.expose_secret(), second.expose_secret());
        assert!(Vault::new(&first).is_ok());
    }

    #[test]
    fn a_lost_key_is_not_replaced_while_there_is_data_under_it() {
        let directory = tempfile::tempdir().unwrap();
        let error = load(None, directory.path(), true).unwrap_err().to_string();
        assert!(error.contains("master.key is missing") && error.contains("PAAS_MASTER_KEY"), "{error}");
    }

    #[test]
    fn the_configured_key_wins_and_is_not_written_down() {
        let directory = tempfile::tempdir().unwrap();
        let key = load(Some(&SecretString::from("ab")), directory.path(), true).unwrap();
        assert_eq!(key.expose_secret(), "ab");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
