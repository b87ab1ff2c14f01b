//! The credentials file of `paas`, so that whoever starts the server can use it at once. `crates/cli/src/credentials.rs`
//! describes the format.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use secrecy::{ExposeSecret, SecretString};
use toml::{Table, Value};

use crate::files::{Readers, make_directory, read_if_there, write_whole};

const FILE: &str = "credentials.toml";

/// One user's credentials file, as one server sees it.
#[derive(Debug)]
pub struct Credentials {
    directory: PathBuf,
    /// `https://localhost:5443`
    server: String,
    file: Table,
}

impl Credentials {
    /// A file that is not there is an empty one.
    ///
    /// # Errors
    /// It is not TOML. It may hold other servers' tokens, so it is not replaced.
    pub fn load(directory: &Path, server: &str) -> Result<Self> {
        let path = directory.join(FILE);
        let text = read_if_there(&path)?.unwrap_or_default();
        let file = text.parse::<Table>().map_err(|mut error| {
            // The error would show the line it stopped at, which may hold a token.
            error.set_input(None);
            error
        });
        let file = file.with_context(|| format!("reading {}; repair or remove it", path.display()))?;
        Ok(Self { directory: directory.to_owned(), server: server.to_owned(), file })
    }

    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.join(FILE)
    }

    /// The token that this user has for the server.
    #[must_use]
    pub fn token(&self) -> Option<SecretString> {
        self.entry("token").map(SecretString::from)
    }

    /// Whether the file has the server with this CA.
    #[must_use]
    pub fn trusts(&self, ca_pem: &str) -> bool {
        let stored = self.entry("ca").and_then(|name| read_if_there(&self.directory.join(name)).ok().flatten());
        stored.as_deref() == Some(ca_pem)
    }

    /// Adds or replaces this server. It becomes the one to talk to if the file names none.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn store(mut self, token: &SecretString, email: &str, ca_pem: &str) -> Result<()> {
        make_directory(&self.directory, 0o700)?;
        let host = self.server.trim_start_matches("https://");
        let ca = host.replace([':', '[', ']'], "-") + ".pem";
        write_whole(&self.directory.join(&ca), ca_pem.as_bytes(), Readers::Owner)?;
        let entry = Table::from_iter([
            ("token".to_owned(), Value::from(token.expose_secret())),
            ("email".to_owned(), Value::from(email)),
            ("ca".to_owned(), Value::from(ca)),
        ]);
        let servers = self.file.entry("servers").or_insert_with(|| Table::new().into());
        let servers = servers.as_table_mut().context("`servers` in the credentials file is not a table")?;
        servers.insert(self.server.clone(), entry.into());
        self.file.entry("server").or_insert_with(|| self.server.clone().into());
        write_whole(&self.path(), toml::to_string(&self.file)?.as_bytes(), Readers::Owner)
    }

    fn entry(&self, key: &str) -> Option<&str> {
        self.file.get("servers")?.get(&self.server)?.get(key)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SERVER: &str = "https://localhost:5443";

    #[test]
    fn what_was_stored_is_found_again_and_other_servers_keep_their_place() {
        let directory = tempfile::tempdir().unwrap();
        let other = "server = \"https://other\"\n[servers.\"https://other\"]\ntoken = \"theirs\"\n";
        fs::write(directory.path().join(FILE), other).unwrap();
        let credentials = Credentials::load(directory.path(), SERVER).unwrap();
        assert!(credentials.token().is_none());
        credentials.store(&SecretString::from("ours"), "owner@localhost", "PEM").unwrap();

        let again = Credentials::load(directory.path(), SERVER).unwrap();
        assert_eq!(again.token().unwrap().expose_secret(), "ours");
        assert!(again.trusts("PEM") && !again.trusts("another"));
        let text = fs::read_to_string(again.path()).unwrap();
        assert!(text.contains("server = \"https://other\"") && text.contains("theirs"), "{text}");
    }

    #[test]
    fn a_first_server_becomes_the_one_to_talk_to() {
        let directory = tempfile::tempdir().unwrap();
        let credentials = Credentials::load(directory.path(), SERVER).unwrap();
        credentials.store(&SecretString::from("ours"), "owner@localhost", "PEM").unwrap();
        let text = fs::read_to_string(directory.path().join(FILE)).unwrap();
        assert!(text.starts_with(&format!("server = \"{SERVER}\"")), "{text}");
    }

    #[test]
    fn a_damaged_file_is_left_alone_and_its_text_is_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE), "token = \"s3cret").unwrap();
        let error = Credentials::load(directory.path(), SERVER).unwrap_err();
        assert!(!format!("{error:#}").contains("s3cret"), "{error:#}");
    }
}
