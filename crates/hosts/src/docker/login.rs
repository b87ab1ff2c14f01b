//! What engines are given along to get at our registry.

use std::{fmt, sync::Arc};

use bollard::auth::DockerCredentials;
use secrecy::{ExposeSecret, SecretString};

use crate::{EngineError, RegistryGrant, RegistryTokens};

/// Our registry, and how it is got at.
#[derive(Clone)]
pub struct RegistryLogin {
    /// As image names begin: `10.0.0.1:5050`.
    pub address: String,
    pub access: RegistryAccess,
}

/// The way into it.
#[derive(Clone)]
pub enum RegistryAccess {
    /// Every engine that transfers an image is told this: whatever it opens is open to every host.
    Password { user: String, password: SecretString },
    /// An engine is told a token for the one repository, which ends by itself.
    Tokens(Arc<dyn RegistryTokens>),
}

/// What an engine is to do with an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfer {
    Pull,
    Push,
}

impl RegistryLogin {
    /// What to send along with a transfer of `image`; `None` for another registry's.
    ///
    /// # Errors
    /// [`EngineError::RegistryUnavailable`] when no token can be made.
    pub(super) fn credentials(
        &self,
        image: &str,
        transfer: Transfer,
    ) -> Result<Option<DockerCredentials>, EngineError> {
        let Some(path) = image.strip_prefix(&self.address).and_then(|rest| rest.strip_prefix('/')) else {
            return Ok(None);
        };
        let serveraddress = Some(self.address.clone());
        Ok(Some(match &self.access {
            RegistryAccess::Password { user, password } => DockerCredentials {
                username: Some(user.clone()),
                password: Some(password.expose_secret().to_owned()),
                serveraddress,
                ..DockerCredentials::default()
            },
            RegistryAccess::Tokens(tokens) => {
                // A path has no port: what follows a colon or an `@` is the tag or the digest.
                let repository = path.split([':', '@']).next().unwrap_or_default();
                let grant = match transfer {
                    Transfer::Pull => RegistryGrant::pull(repository),
                    Transfer::Push => RegistryGrant::push(repository),
                };
                let token = tokens.token(&[grant]).map_err(|error| EngineError::RegistryUnavailable {
                    image: image.to_owned(),
                    reason: error.to_string(),
                })?;
                let registrytoken = Some(token.expose_secret().to_owned());
                DockerCredentials { registrytoken, serveraddress, ..DockerCredentials::default() }
            }
        }))
    }
}

impl fmt::Debug for RegistryLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistryLogin({})", self.address)
    }
}

impl fmt::Debug for RegistryAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password",
            Self::Tokens(_) => "Tokens",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn login(access: RegistryAccess) -> RegistryLogin {
        RegistryLogin { address: "10.0.0.1:5050".to_owned(), access }
    }

    /// Tokens that say what they are for.
    #[derive(Debug)]
    struct Plain;

    impl RegistryTokens for Plain {
        fn token(&self, grants: &[RegistryGrant<'_>]) -> Result<SecretString, Box<dyn Error + Send + Sync>> {
            Ok(format!("{grants:?}").into())
        }
    }

    #[test]
    fn only_our_registry_is_told_who_we_are() {
        let password = RegistryAccess::Password { user: "paas".to_owned(), password: "secret".to_owned().into() };
        let login = login(password);
        let is_told = |image| login.credentials(image, Transfer::Pull).unwrap().is_some();
        assert!(is_told("10.0.0.1:5050/apps/x:v1"));
        for other in ["10.0.0.1:50505/apps/x:v1", "debian:trixie-slim", "10.0.0.1:5050", "evil/10.0.0.1:5050/x"] {
            assert!(!is_told(other), "{other}");
        }
        assert!(!format!("{login:?} {:?}", login.access).contains("secret"));
    }

    #[test]
    fn a_token_is_for_the_images_repository_and_writes_only_where_one_pushes() {
        let login = login(RegistryAccess::Tokens(Arc::new(Plain)));
        for image in ["10.0.0.1:5050/apps/x:v1", "10.0.0.1:5050/apps/x@sha256:ab", "10.0.0.1:5050/apps/x"] {
            for (transfer, grant) in
                [(Transfer::Pull, RegistryGrant::pull("apps/x")), (Transfer::Push, RegistryGrant::push("apps/x"))]
            {
                let told = login.credentials(image, transfer).unwrap().unwrap();
                assert_eq!(told.registrytoken.unwrap(), format!("{:?}", [grant]), "{image}");
                assert_eq!((told.username, told.password), (None, None));
            }
        }
        assert_eq!(login.credentials("debian:trixie-slim", Transfer::Pull).unwrap(), None);
    }
}
