//! Secrets at rest: AES-256-GCM, a fresh nonce for every value, the owner's id as associated data, so that a value
//! copied to another app's row does not decrypt.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const NONCE_BYTES: usize = 12;

/// Holds the master key. The key never leaves it, and Debug does not show it.
pub struct Vault {
    cipher: Aes256Gcm,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("the master key must be 64 hexadecimal digits (32 bytes)")]
    Key,
    /// Another master key, another owner, or damage: authenticated encryption cannot tell which.
    #[error("the stored value does not decrypt with this master key")]
    Decrypt,
    #[error("the value is too long to encrypt")]
    TooLong,
}

impl Vault {
    /// # Errors
    /// [`VaultError::Key`] when `hex` is not 64 hexadecimal digits.
    pub fn new(hex: &SecretString) -> Result<Self, VaultError> {
        let bytes = hex::decode(hex.expose_secret().trim()).map_err(|_| VaultError::Key)?;
        let cipher = Aes256Gcm::new_from_slice(&bytes).map_err(|_| VaultError::Key)?;
        Ok(Self { cipher })
    }

    /// Nonce and ciphertext, ready for a `bytea` column.
    ///
    /// # Errors
    /// [`VaultError::TooLong`] past 64 GiB.
    pub fn seal(&self, owner: Uuid, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: plain, aad: owner.as_bytes() };
        let sealed = self.cipher.encrypt(&nonce.into(), payload).map_err(|_| VaultError::TooLong)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What proves that this installation has given out `id` for `purpose`: 128 bits, always the same.
    ///
    /// It is the authentication tag of an empty message. Its nonce follows from the message, so that no nonce ever stands
    /// for two.
    #[must_use]
    pub fn tag(&self, purpose: &str, id: Uuid) -> Vec<u8> {
        let named = [purpose.as_bytes(), id.as_bytes()].concat();
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&Sha256::digest(&named)[..NONCE_BYTES]);
        let payload = Payload { msg: b"", aad: &named };
        // Only a message past 64 GiB fails, and this one is empty.
        self.cipher.encrypt(&nonce.into(), payload).unwrap_or_default()
    }

    /// # Errors
    /// [`VaultError::Decrypt`] for any other key, owner or content than [`Vault::seal`] was given.
    pub fn open(&self, owner: Uuid, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Decrypt)?;
        let payload = Payload { msg: text, aad: owner.as_bytes() };
        self.cipher.decrypt(&(*nonce).into(), payload).map_err(|_| VaultError::Decrypt)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(digit: &str) -> Vault {
        Vault::new(&SecretString::from(digit.repeat(64))).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_only_with_the_same_key_and_owner() {
        let (owner, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = vault("a").seal(owner, b"s3cret").unwrap();
        assert_eq!(vault("a").open(owner, &sealed).unwrap(), b"s3cret");
        assert_eq!(vault("a").open(other, &sealed), Err(VaultError::Decrypt));
        assert_eq!(vault("b").open(owner, &sealed), Err(VaultError::Decrypt));
        assert_eq!(vault("a").open(owner, &sealed[..5]), Err(VaultError::Decrypt));
    }

    #[test]
    fn the_same_value_never_looks_the_same_twice() {
        let owner = Uuid::from_u128(1);
        assert_ne!(vault("a").seal(owner, b"x").unwrap(), vault("a").seal(owner, b"x").unwrap());
    }

    #[test]
    fn a_tag_is_of_one_key_purpose_and_id() {
        let (id, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let tag = vault("a").tag("builds", id);
        assert_eq!((tag.len(), &tag), (16, &vault("a").tag("builds", id)));
        for another in [vault("b").tag("builds", id), vault("a").tag("releases", id), vault("a").tag("builds", other)] {
            assert_ne!(tag, another);
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        assert_eq!(Vault::new(&SecretString::from("abc")).unwrap_err(), VaultError::Key);
        assert_eq!(Vault::new(&SecretString::from("a".repeat(62))).unwrap_err(), VaultError::Key);
    }
}
