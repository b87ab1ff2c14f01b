use bytes::Bytes;
use futures::Stream;
use paas_builder::{InputError, SourceUrl};
use paas_db::{SecretHash, accounts::Account, new_id, new_secret, sources, sources::Source};
use paas_model::SourceId;
use secrecy::{ExposeSecret, SecretString};

use crate::{Control, OpError};

/// Most compressed bytes of a source tarball.
pub const MAX_BYTES: u64 = 1 << 30;
/// The registry's repository that holds them.
pub const REPOSITORY: &str = "sources";

/// Makes a place for one tarball. Whoever has the secret may fill it and read it.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn create(control: &Control, account: &Account) -> Result<(SourceId, SecretString), OpError> {
    let (id, secret) = (new_id::<SourceId>(), new_secret(""));
    sources::create(control.db.pool(), id, account.id, &SecretHash::of(&secret)).await?;
    Ok((id, secret))
}

/// Notes a source that is somewhere else. It is fetched when something is made of it.
///
/// # Errors
/// [`OpError::Invalid`] for what is no http(s) URL, or a checksum that is none.
pub async fn at(control: &Control, account: &Account, url: &str, checksum: Option<&str>) -> Result<SourceId, OpError> {
    let url = SourceUrl::parse(url).map_err(|why| OpError::Invalid(format!("source_blob.url is wrong: {why}.")))?;
    let remote = sources::Remote {
        id: new_id::<SourceId>(),
        account_id: account.id,
        url: url.expose().into(),
        shown_url: url.shown(),
        checksum: checksum.map(digest_of_checksum).transpose()?,
    };
    let unknown = SecretHash::of(&new_secret(""));
    sources::create_remote(control.db.pool(), control.db.vault(), &unknown, &remote).await?;
    Ok(remote.id)
}

/// The digest of the source in the registry, once it is there: what is elsewhere is fetched. May be repeated, also by two at
/// once.
///
/// # Errors
/// [`InputError::Refused`] when it cannot be had from where it is; all else may be tried again.
pub(crate) async fn fetched(control: &Control, id: SourceId) -> Result<String, FetchError> {
    let source = sources::by_id(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("source"))?;
    let Source { digest, checksum, .. } = &source;
    let url = match (digest, source.url(control.db.vault())?) {
        (Some(digest), _) => return Ok(digest.clone()),
        (None, Some(url)) => url,
        (None, None) => return Err(OpError::not_found("source").into()),
    };
    let url = SourceUrl::parse(url.expose_secret()).map_err(InputError::Refused)?;
    let blob = control.builder.fetch_source(&url, checksum.as_deref()).await?;
    let size = i64::try_from(blob.size).unwrap_or(i64::MAX);
    sources::set_blob(control.db.pool(), id, &blob.digest, size).await?;
    Ok(blob.digest)
}

/// Why there is no source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Op(#[from] OpError),
}

impl From<paas_db::DbError> for FetchError {
    fn from(error: paas_db::DbError) -> Self {
        Self::Op(error.into())
    }
}

/// `SHA256:` and hexadecimal digits, in whatever case, as the registry's digests are written.
///
/// # Errors
/// [`OpError::Invalid`].
pub fn digest_of_checksum(checksum: &str) -> Result<String, OpError> {
    let lower = checksum.to_ascii_lowercase();
    let digits = lower.strip_prefix("sha256:").unwrap_or_default();
    match digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        true => Ok(lower),
        false => Err(OpError::Invalid("A checksum must be SHA256: and 64 hexadecimal digits.".to_owned())),
    }
}

/// The source that a secret stands for.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn by_secret(control: &Control, secret: &SecretString) -> Result<Source, OpError> {
    let found = sources::by_secret(control.db.pool(), &SecretHash::of(secret)).await?;
    found.ok_or_else(|| OpError::not_found("source"))
}

/// Fills a source with a tar+gzip, as it comes. Filling it again replaces what was there.
///
/// # Errors
/// [`OpError::Unavailable`] when the stream breaks, is over [`MAX_BYTES`], or the registry does not take it.
pub async fn upload(
    control: &Control,
    source: SourceId,
    bytes: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
) -> Result<(), OpError> {
    let blob = control.registry.put_blob(REPOSITORY, bytes, MAX_BYTES).await?;
    let size = i64::try_from(blob.size).unwrap_or(i64::MAX);
    Ok(sources::set_blob(control.db.pool(), source, &blob.digest, size).await?)
}

/// A new source with its content in one call: the git endpoint's way in.
///
/// # Errors
/// As [`create`] and [`upload`].
pub async fn receive(
    control: &Control,
    account: &Account,
    bytes: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
) -> Result<SourceId, OpError> {
    let (id, _) = create(control, account).await?;
    upload(control, id, bytes).await?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_sixty_four_digits_in_any_case() {
        let digits = "AB".repeat(32);
        assert_eq!(digest_of_checksum(&format!("SHA256:{digits}")).unwrap(), format!("sha256:{}", "ab".repeat(32)));
        for wrong in ["", "sha256:ab", &digits, &format!("md5:{digits}"), &format!("sha256:{}", "xy".repeat(32))] {
            assert!(digest_of_checksum(wrong).is_err(), "{wrong}");
        }
    }
}
