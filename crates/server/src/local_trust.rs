//! Has this machine's engine trust the embedded registry, as `join.sh` does on other machines.

use std::{net::SocketAddr, path::Path};

use crate::{
    ca::Authority,
    files::{Readers, make_directory, read_if_there, write_whole},
    progress::line,
};

/// Where Docker Engine looks for the authority of a registry, at each pull.
const DOCKER_CERTIFICATES: &str = "/etc/docker/certs.d";

/// Writes the authority where the engine looks for it. Where this account may not, says what is to be done.
pub(crate) fn ensure(registry: SocketAddr, authority: &Authority, certificate: &Path) {
    let directory = Path::new(DOCKER_CERTIFICATES).join(registry.to_string());
    let file = directory.join("ca.crt");
    if read_if_there(&file).is_ok_and(|text| text.as_deref() == Some(authority.pem())) {
        return;
    }
    let written = make_directory(&directory, 0o755)
        .and_then(|()| write_whole(&file, authority.pem().as_bytes(), Readers::Everyone));
    if let Err(error) = written {
        tracing::warn!(error = format!("{error:#}"), "this machine's engine was not told to trust the registry");
        line(format_args!(
            "This machine's engine does not trust the registry yet. As root: install -D -m 644 {} {}",
            certificate.display(),
            file.display()
        ));
    }
}
