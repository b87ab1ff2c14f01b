use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// SHA-256 of a random secret (a token, the secret part of a URL): what is stored in its place.
#[derive(Clone, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct SecretHash(Vec<u8>);

/// A new secret: `prefix`, then 256 random bits in URL-safe letters. Show it once; store its [`SecretHash`].
#[must_use]
pub fn new_secret(prefix: &str) -> SecretString {
    let bits: [u8; 32] = rand::random();
    SecretString::from(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits)))
}

impl SecretHash {
    #[must_use]
    pub fn of(secret: &SecretString) -> Self {
        Self(Sha256::digest(secret.expose_secret().as_bytes()).to_vec())
    }
}

/// A SHA-256 that was made elsewhere: of a public key.
impl From<[u8; 32]> for SecretHash {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest.to_vec())
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}
