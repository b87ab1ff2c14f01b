use std::{fmt, io, str::FromStr};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use oci_client::{
    Client, Reference, RegistryOperation,
    client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol},
    errors::{OciDistributionError, OciErrorCode},
    manifest::{OciImageManifest, OciManifest},
    secrets::RegistryAuth,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

use crate::BuilderError;

/// Where images, slugs, sources and caches are kept: any OCI registry.
#[derive(Debug, Clone)]
pub struct RegistryConfig {
    /// `http://127.0.0.1:5050`. Plain HTTP is meant for loopback; engines refuse it elsewhere unless told otherwise.
    pub url: Url,
    /// User name and password for HTTP Basic. `None`: the registry asks for none.
    pub credentials: Option<(String, SecretString)>,
}

/// A blob that the registry has: its digest (`sha256:…`) and its size in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    pub digest: String,
    pub size: u64,
}

/// The registry, as a store of blobs and image manifests. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    client: Client,
    host: String,
    auth: RegistryAuth,
}

/// Bytes of one PATCH of an upload; the client library sends every piece that it is given as a request of its own.
const UPLOAD_CHUNK: usize = 4 << 20;

impl Registry {
    /// Makes no connection yet.
    ///
    /// # Errors
    /// [`BuilderError::RegistryUrl`] when the URL has a path, or is not http(s).
    pub fn new(config: RegistryConfig) -> Result<Self, BuilderError> {
        Self::trusting(config, None)
    }

    /// The same for a registry whose certificate may be of this authority (PEM), besides the public ones.
    ///
    /// # Errors
    /// As [`Registry::new`]; [`BuilderError::Registry`] when this is no certificate.
    pub fn trusting(config: RegistryConfig, authority: Option<&str>) -> Result<Self, BuilderError> {
        let malformed = || BuilderError::RegistryUrl(config.url.to_string());
        let protocol = match config.url.scheme() {
            "http" => ClientProtocol::Http,
            "https" => ClientProtocol::Https,
            _ => return Err(malformed()),
        };
        if config.url.path() != "/" {
            return Err(malformed());
        }
        let name = config.url.host_str().ok_or_else(malformed)?;
        let host = match config.url.port() {
            Some(port) => format!("{name}:{port}"),
            None => name.to_owned(),
        };
        let auth = match config.credentials {
            Some((user, password)) => RegistryAuth::Basic(user, password.expose_secret().to_owned()),
            None => RegistryAuth::Anonymous,
        };
        let authority =
            authority.map(|pem| Certificate { encoding: CertificateEncoding::Pem, data: pem.as_bytes().to_vec() });
        let extra_root_certificates = authority.into_iter().collect();
        let client = Client::try_from(ClientConfig { protocol, extra_root_certificates, ..ClientConfig::default() });
        Ok(Self { client: client.map_err(failed("be trusted by this authority"))?, host, auth })
    }

    /// The registry as image references begin with it: `127.0.0.1:5050`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it answers, and takes our credentials.
    ///
    /// # Errors
    /// [`BuilderError::Registry`] when it does not.
    pub async fn ping(&self) -> Result<(), BuilderError> {
        let any = self.reference("stacks", "ping")?;
        self.client.auth(&any, &self.auth, RegistryOperation::Pull).await.map_err(failed("answer"))?;
        Ok(())
    }

    /// Stores a blob as it streams by; its digest need not be known before, and nothing is kept in memory.
    ///
    /// # Errors
    /// [`BuilderError::BlobTooLarge`] past `limit` bytes, [`BuilderError::BlobEmpty`], [`BuilderError::Io`] when `bytes`
    /// fails. The registry drops what it had got by then.
    pub async fn put_blob(
        &self,
        repository: &str,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        limit: u64,
    ) -> Result<Blob, BuilderError> {
        let image = self.authorised(repository, "blob").await?;
        let pieces = chunked(limited(bytes, limit)).map_err(OciDistributionError::IoError);
        match self.client.push_blob_stream_chunked(&image, pieces).await {
            Ok(pushed) => Ok(Blob { digest: pushed.blob_digest, size: pushed.size }),
            Err(OciDistributionError::PushNoDataError) => Err(BuilderError::BlobEmpty),
            Err(OciDistributionError::IoError(error)) if is_over_limit(&error) => {
                Err(BuilderError::BlobTooLarge { limit })
            }
            Err(OciDistributionError::IoError(source)) => Err(BuilderError::Io { what: "the blob to upload", source }),
            Err(error) => Err(failed("store a blob")(error)),
        }
    }

    /// Stores a small blob that is in memory.
    pub(crate) async fn put_bytes(&self, repository: &str, bytes: Vec<u8>) -> Result<Blob, BuilderError> {
        let image = self.authorised(repository, "blob").await?;
        let blob = Blob { digest: digest_of(&bytes), size: bytes.len() as u64 };
        self.client.push_blob(&image, bytes, &blob.digest).await.map_err(failed("store a blob"))?;
        Ok(blob)
    }

    /// A blob's size, and its bytes. The stream ends with an error when they do not match the digest.
    ///
    /// # Errors
    /// [`BuilderError::NotFound`].
    pub async fn get_blob(
        &self,
        repository: &str,
        digest: &str,
    ) -> Result<(u64, impl Stream<Item = io::Result<Bytes>> + Send + Unpin + use<>), BuilderError> {
        let image = self.authorised(repository, "blob").await?;
        let blob = match self.client.pull_blob_stream(&image, digest).await {
            Ok(blob) => blob,
            Err(error) if is_not_found(&error) => return Err(BuilderError::NotFound(format!("{repository}@{digest}"))),
            Err(error) => return Err(failed("fetch a blob")(error)),
        };
        let Some(size) = blob.content_length else {
            return Err(BuilderError::NotFound(format!("the length of {repository}@{digest}")));
        };
        Ok((size, blob.stream))
    }

    /// Makes a blob of one repository known in another, without moving its bytes.
    pub(crate) async fn mount(&self, from: &str, to: &str, digest: &str) -> Result<(), BuilderError> {
        let (from, to) = (self.reference(from, "blob")?, self.authorised(to, "blob").await?);
        self.client.mount_blob(&to, &from, digest).await.map_err(failed("mount a layer"))
    }

    /// An image's manifest and its configuration (JSON). `None`: there is no such image.
    ///
    /// # Errors
    /// [`BuilderError::Registry`] when the registry fails.
    pub(crate) async fn image(
        &self,
        repository: &str,
        tag: &str,
    ) -> Result<Option<(OciImageManifest, String)>, BuilderError> {
        let image = self.reference(repository, tag)?;
        match self.client.pull_manifest_and_config(&image, &self.auth).await {
            Ok((manifest, _, config)) => Ok(Some((manifest, config))),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(failed("fetch a manifest")(error)),
        }
    }

    /// Names an image; the blobs that it is made of are in `repository` already.
    pub(crate) async fn put_manifest(
        &self,
        repository: &str,
        tag: &str,
        manifest: OciImageManifest,
    ) -> Result<(), BuilderError> {
        let image = self.authorised(repository, tag).await?;
        let manifest = OciManifest::Image(manifest);
        self.client.push_manifest(&image, &manifest).await.map_err(failed("store a manifest"))?;
        Ok(())
    }

    fn reference(&self, repository: &str, tag: &str) -> Result<Reference, BuilderError> {
        let text = format!("{}/{repository}:{tag}", self.host);
        Reference::from_str(&text).map_err(|error| BuilderError::StackImage { image: text, reason: error.to_string() })
    }

    async fn authorised(&self, repository: &str, tag: &str) -> Result<Reference, BuilderError> {
        self.client.store_auth_if_needed(&self.host, &self.auth).await;
        self.reference(repository, tag)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("host", &self.host).finish_non_exhaustive()
    }
}

/// `sha256:` and the hash in hexadecimal.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

#[derive(Debug, thiserror::Error)]
#[error("over the limit")]
struct OverLimit;

pub(crate) fn is_over_limit(error: &io::Error) -> bool {
    matches!(error.get_ref(), Some(inner) if inner.is::<OverLimit>())
}

pub(crate) fn limited(
    bytes: impl Stream<Item = io::Result<Bytes>> + Send,
    limit: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let mut seen = 0_u64;
    bytes.map(move |piece| {
        let piece = piece?;
        seen += piece.len() as u64;
        if seen > limit { Err(io::Error::other(OverLimit)) } else { Ok(piece) }
    })
}

/// Joins pieces until they make an [`UPLOAD_CHUNK`].
fn chunked(bytes: impl Stream<Item = io::Result<Bytes>> + Send) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold((Box::pin(bytes), false), |(mut bytes, ended)| async move {
        let mut chunk = Vec::new();
        while !ended && chunk.len() < UPLOAD_CHUNK {
            match bytes.next().await {
                Some(Ok(piece)) => chunk.extend_from_slice(&piece),
                Some(Err(error)) => return Some((Err(error), (bytes, true))),
                None => return (!chunk.is_empty()).then(|| (Ok(chunk.into()), (bytes, true))),
            }
        }
        (!chunk.is_empty()).then(|| (Ok(chunk.into()), (bytes, ended)))
    })
}

fn failed(doing: &'static str) -> impl FnOnce(OciDistributionError) -> BuilderError {
    move |source| BuilderError::Registry { doing, source: Box::new(source) }
}

fn is_not_found(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::ImageManifestNotFoundError(_) | OciDistributionError::ServerError { code: 404, .. } => {
            true
        }
        OciDistributionError::RegistryError { envelope, .. } => envelope.errors.iter().any(|error| {
            matches!(
                error.code,
                OciErrorCode::ManifestUnknown
                    | OciErrorCode::BlobUnknown
                    | OciErrorCode::NameUnknown
                    | OciErrorCode::NotFound
            )
        }),
        OciDistributionError::RequestError(error) => error.status().is_some_and(|status| status.as_u16() == 404),
        _ => false,
    }
}
