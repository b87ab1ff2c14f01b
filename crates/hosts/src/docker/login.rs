//! Credentials for our registry.

use std::fmt;

use bollard::auth::DockerCredentials;
use secrecy::{ExposeSecret, SecretString};

/// Who this installation is to its registry.
#[derive(Clone)]
pub struct RegistryLogin {
    /// As image names begin: `10.0.0.1:5050`.
    pub address: String,
    pub user: String,
    pub password: SecretString,
}

impl RegistryLogin {
    /// What to send along with a transfer of `image`; `None` for another registry's.
    pub(super) fn credentials(&self, image: &str) -> Option<DockerCredentials> {
        let ours = image.strip_prefix(&self.address).is_some_and(|rest| rest.starts_with('/'));
        ours.then(|| DockerCredentials {
            username: Some(self.user.clone()),
            password: Some(self.password.expose_secret().to_owned()),
            serveraddress: Some(self.address.clone()),
            ..DockerCredentials::default()
        })
    }
}

impl fmt::Debug for RegistryLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistryLogin({}@{})", self.user, self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_registry_is_told_who_we_are() {
        let login = RegistryLogin {
            address: "10.0.0.1:5050".to_owned(),
            user: "paas".to_owned(),
            password: "secret".to_owned().into(),
        };
        assert!(login.credentials("10.0.0.1:5050/apps/x:v1").is_some());
        for other in ["10.0.0.1:50505/apps/x:v1", "debian:trixie-slim", "10.0.0.1:5050", "evil/10.0.0.1:5050/x"] {
            assert!(login.credentials(other).is_none(), "{other}");
        }
        assert_eq!(format!("{login:?}"), "RegistryLogin(paas@10.0.0.1:5050)");
    }
}
