//! Public SSH keys of accounts. Git is spoken over HTTPS here; the keys are kept for clients that look after them.

use md5::{Digest, Md5};
use paas_db::{accounts::Account, keys, keys::Key, new_id};
use ssh_key::PublicKey;

use crate::{Control, OpError};

const MAX_BYTES: usize = 16 * 1024;

/// `text`: one line of an `authorized_keys` file, without options.
///
/// # Errors
/// [`OpError::Invalid`] when it is no public key, or is on an account already.
pub async fn create(control: &Control, account: &Account, text: &str) -> Result<Key, OpError> {
    let text = text.trim();
    if text.contains("PRIVATE KEY") {
        return Err(OpError::Invalid(
            "This is a private key. Send the public one, from the file that ends in .pub.".to_owned(),
        ));
    }
    let key = PublicKey::from_openssh(text).ok().filter(|_| text.len() <= MAX_BYTES && !text.contains('\n'));
    let key = key.ok_or_else(|| {
        OpError::Invalid("This is no public SSH key. It begins with its kind: `ssh-ed25519 AAAA… me@host`.".to_owned())
    })?;
    let fingerprint = fingerprint(&key)?;
    Ok(keys::create(control.db.pool(), new_id(), account.id, text, key.comment(), &fingerprint).await?)
}

/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, account: &Account) -> Result<Vec<Key>, OpError> {
    Ok(keys::list(control.db.pool(), account.id).await?)
}

/// By id or fingerprint.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, account: &Account, identity: &str) -> Result<Key, OpError> {
    let all = list(control, account).await?;
    let found = all.into_iter().find(|key| key.fingerprint == identity || key.id.to_string() == identity);
    found.ok_or_else(|| OpError::not_found("key"))
}

/// By id or fingerprint.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn delete(control: &Control, account: &Account, identity: &str) -> Result<Key, OpError> {
    let key = find(control, account, identity).await?;
    keys::delete(control.db.pool(), account.id, key.id).await?.ok_or_else(|| OpError::not_found("key"))
}

/// `17:63:a4:…`, as Heroku shows it. MD5 names the key here and proves nothing.
fn fingerprint(key: &PublicKey) -> Result<String, OpError> {
    let bytes = key.to_bytes().map_err(|error| OpError::Internal(error.to_string().into()))?;
    let pairs: Vec<String> = Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_what_ssh_keygen_says() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ me@host";
        let key = PublicKey::from_openssh(key).unwrap();
        // `ssh-keygen -l -E md5 -f key.pub`
        assert_eq!(fingerprint(&key).unwrap(), "46:5d:0f:4b:7b:74:b6:5f:ce:80:b0:33:70:9e:33:96");
    }
}
