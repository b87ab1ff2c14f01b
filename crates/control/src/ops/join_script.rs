use secrecy::{ExposeSecret, SecretString};

use crate::Control;

/// One line for a POSIX shell, to be run as root on the machine that is to join.
pub(crate) fn command(control: &Control, token: &SecretString) -> SecretString {
    let (url, ca) = (&control.settings.public_url, control.settings.signer.ca_pem());
    let token = token.expose_secret();
    SecretString::from(format!(
        "ca=$(mktemp) && printf '%s\\n' '{}' > $ca && curl -fsS --cacert $ca {url}/hosts/join.sh | PAAS_CA=$ca sh -s -- {url} {token}",
        ca.trim()
    ))
}
