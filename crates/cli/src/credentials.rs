//! `credentials.toml`: which servers this user has a token for.
//!
//! It is in `$PAAS_CONFIG_DIR`, else `$XDG_CONFIG_HOME/paas`, else `~/.config/paas`; mode 0600 in a folder of mode 0700.
//! `paas login` writes it, and so does `paasd` at its first start, for the user who starts it:
//!
//! ```toml
//! server = "https://localhost:5443"           # the one to talk to; optional
//!
//! [servers."https://localhost:5443"]          # scheme, host and port, without a slash at the end
//! token = "…"                                 # required
//! email = "owner@localhost"                   # optional
//! ca = "localhost-5443.pem"                   # optional: the CA (PEM); absolute, or relative to this file's folder
//! ```
//!
//! Without `ca` the system's own roots are used. Other keys are kept out: a file that has some is refused.

use std::{
    collections::BTreeMap,
    fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use paas_platform::Secret;
use serde::{Deserialize, Serialize};

use crate::{error::Error, server_url::ServerUrl};

#[derive(Debug)]
pub(crate) struct Credentials {
    folder: PathBuf,
    file: File,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(default)]
    servers: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) token: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
}

impl Credentials {
    /// A file that is not there is an empty one.
    pub(crate) fn load(folder: PathBuf) -> Result<Self, Error> {
        let path = folder.join("credentials.toml");
        let file = match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|mut source| {
                // The error would show the line it stopped at, which may hold a token.
                source.set_input(None);
                Error::Credentials { path, source }
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => File::default(),
            Err(source) => return Err(Error::File { path, source }),
        };
        Ok(Self { folder, file })
    }

    /// The server to talk to when nothing else says so.
    pub(crate) fn server(&self) -> Option<&str> {
        self.file.server.as_deref()
    }

    pub(crate) fn entry(&self, server: &ServerUrl) -> Option<&Entry> {
        self.file.servers.get(&server.origin())
    }

    /// The token of the https server that git calls `host` (`HOST` or `HOST:PORT`).
    pub(crate) fn token_for_host(&self, host: &str) -> Option<&Secret> {
        let same = |origin: &str| {
            let server = ServerUrl::parse(origin).ok().filter(ServerUrl::is_https);
            server.is_some_and(|server| server.host_and_port().eq_ignore_ascii_case(host))
        };
        self.file.servers.iter().find(|(origin, _)| same(origin)).map(|(_, entry)| &entry.token)
    }

    /// Full path of a server's CA file.
    pub(crate) fn ca_path(&self, server: &ServerUrl) -> Option<PathBuf> {
        Some(self.folder.join(self.entry(server)?.ca.as_ref()?))
    }

    /// Adds or replaces a server and makes it the one to talk to. `ca`: its new CA (PEM), kept beside the file; `None`
    /// leaves the CA as it is.
    pub(crate) fn store(
        &mut self,
        server: &ServerUrl,
        token: Secret,
        email: &str,
        ca: Option<&[u8]>,
    ) -> Result<(), Error> {
        self.make_folder()?;
        let ca = match ca {
            Some(pem) => {
                let name = PathBuf::from(server.host_and_port().replace([':', '[', ']'], "-") + ".pem");
                write(&self.folder.join(&name), pem)?;
                Some(name)
            }
            None => self.entry(server).and_then(|entry| entry.ca.clone()),
        };
        self.file.servers.insert(server.origin(), Entry { token, email: Some(email.to_owned()), ca });
        self.file.server = Some(server.origin());
        self.save()
    }

    /// Whether there was something to forget.
    pub(crate) fn remove(&mut self, server: &ServerUrl) -> Result<bool, Error> {
        if self.file.servers.remove(&server.origin()).is_none() {
            return Ok(false);
        }
        if self.file.server.as_deref() == Some(&server.origin()) {
            self.file.server = None;
        }
        self.save()?;
        Ok(true)
    }

    fn save(&self) -> Result<(), Error> {
        let path = self.folder.join("credentials.toml");
        let text = toml::to_string(&self.file)
            .map_err(|error| Error::File { path: path.clone(), source: io::Error::other(error) })?;
        write(&path, text.as_bytes())
    }

    fn make_folder(&self) -> Result<(), Error> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|source| Error::File { path: self.folder.clone(), source })
    }
}

/// Readable by its owner alone, and either the old or the new one at any moment.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let fail = |source| Error::File { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o600)).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}
