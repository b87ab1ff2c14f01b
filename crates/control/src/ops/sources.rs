use bytes::Bytes;
use futures::Stream;
use paas_db::{SecretHash, accounts::Account, new_id, new_secret, sources};
use paas_model::SourceId;
use secrecy::SecretString;

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

/// The source that a secret stands for.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn by_secret(control: &Control, secret: &SecretString) -> Result<sources::Source, OpError> {
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
