use bytes::Bytes;
use futures::Stream;
use paas_builder::{InputError, SourceUrl};
use paas_db::{Connection, SecretHash, accounts::Account, new_id, new_secret, sources, sources::Source};
use paas_model::{AccountId, SourceId};
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

/// What something is to be made of.
#[derive(Debug, Clone)]
pub enum Given {
    /// It was uploaded.
    Here(SourceId),
    /// It is to be fetched.
    There(There),
}

/// Where a source is.
#[derive(Debug, Clone)]
pub struct There {
    url: SourceUrl,
    checksum: Option<String>,
}

/// A source that is somewhere else. It is noted with what is made of it, and fetched when that is begun.
///
/// # Errors
/// [`OpError::Invalid`] for what is no http(s) URL, or a checksum that is none.
pub fn at(url: &str, checksum: Option<&str>) -> Result<Given, OpError> {
    let url = SourceUrl::parse(url).map_err(|why| OpError::Invalid(format!("source_blob.url is wrong: {why}.")))?;
    Ok(Given::There(There { url, checksum: checksum.map(digest_of_checksum).transpose()? }))
}

/// The source's row, in the transaction that writes what is made of it.
///
/// # Errors
/// [`OpError::Invalid`] when nothing was uploaded to the source, or it is another account's.
pub(crate) async fn settle(
    db: &mut Connection,
    control: &Control,
    account: AccountId,
    given: Given,
) -> Result<SourceId, OpError> {
    match given {
        Given::Here(id) => {
            let source = sources::hold(db, id).await?;
            let source = source.filter(|source| source.account_id == account);
            if source.as_ref().is_some_and(Source::is_filled) {
                return Ok(id);
            }
            if source.is_some_and(|source| source.collected_at.is_some()) {
                return Err(OpError::Invalid(
                    "The source at this source_blob URL is not kept any more: that is 24 hours from its last build. Upload it \
                     again."
                        .to_owned(),
                ));
            }
            Err(OpError::Invalid("There is no uploaded source at this source_blob URL.".to_owned()))
        }
        Given::There(There { url, checksum }) => {
            let remote = sources::Remote {
                id: new_id::<SourceId>(),
                account_id: account,
                url: url.expose().into(),
                shown_url: url.shown(),
                checksum,
            };
            let unknown = SecretHash::of(&new_secret(""));
            sources::create_remote(db, control.db.vault(), &unknown, &remote).await?;
            Ok(remote.id)
        }
    }
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
