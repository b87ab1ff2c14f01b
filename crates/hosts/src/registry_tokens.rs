//! Leave to use repositories of our registry, for minutes.

use std::{error::Error, fmt};

use secrecy::SecretString;

/// Signs tokens that our registry takes. Nobody is asked: who has one has what it says, until it ends.
pub trait RegistryTokens: fmt::Debug + Send + Sync {
    /// A bearer token for what is granted, and nothing else.
    ///
    /// # Errors
    /// The key cannot be used.
    fn token(&self, grants: &[RegistryGrant<'_>]) -> Result<SecretString, Box<dyn Error + Send + Sync>>;
}

/// What one may do with one repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistryGrant<'a> {
    /// `apps/ID`
    pub repository: &'a str,
    /// Write as well as read.
    pub push: bool,
    /// Have images forgotten.
    pub delete: bool,
}

impl<'a> RegistryGrant<'a> {
    #[must_use]
    pub const fn pull(repository: &'a str) -> Self {
        Self { repository, push: false, delete: false }
    }

    #[must_use]
    pub const fn push(repository: &'a str) -> Self {
        Self { repository, push: true, delete: false }
    }

    #[must_use]
    pub const fn delete(repository: &'a str) -> Self {
        Self { repository, push: false, delete: true }
    }
}
