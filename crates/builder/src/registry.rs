mod images;

use std::{fmt, io, str::FromStr, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use oci_client::{
    Client, Reference, RegistryOperation,
    client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol},
    errors::{OciDistributionError, OciErrorCode},
    manifest::{OciImageManifest, OciManifest},
    secrets::RegistryAuth,
};
use paas_hosts::{RegistryGrant, RegistryTokens};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

use self::images::Http;
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

/// An image in the registry.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) manifest: OciImageManifest,
    /// Of the manifest.
    pub(crate) digest: String,
    /// JSON.
    pub(crate) config: String,
}

/// The registry, as a store of blobs and image manifests. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    client: Client,
    /// Another one for mounts: a client keeps one token for all that writes to a repository, and these are for two.
    mounts: Client,
    http: Http,
    host: String,
    access: Access,
}

/// How we get in.
#[derive(Clone)]
enum Access {
    Login(RegistryAuth),
    /// Signed anew for every piece of work: that costs less than remembering when each one ends.
    Tokens(Arc<dyn RegistryTokens>),
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
        let http = Http::new(config.url.clone(), authority)?;
        let authority =
            authority.map(|pem| Certificate { encoding: CertificateEncoding::Pem, data: pem.as_bytes().to_vec() });
        let config = || {
            let extra_root_certificates = authority.clone().into_iter().collect();
            ClientConfig { protocol: protocol.clone(), extra_root_certificates, ..ClientConfig::default() }
        };
        let client = || Client::try_from(config()).map_err(failed("be trusted by this authority"));
        Ok(Self { client: client()?, mounts: client()?, http, host, access: Access::Login(auth) })
    }

    /// Shows tokens instead of credentials.
    #[must_use]
    pub fn with_tokens(self, tokens: Arc<dyn RegistryTokens>) -> Self {
        Self { access: Access::Tokens(tokens), ..self }
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
        let auth = self.authorise(&self.client, &any, &[RegistryGrant::pull("stacks")]).await?;
        match self.client.fetch_manifest_digest(&any, &auth).await {
            Err(error) if !is_not_found(&error) => Err(failed("answer")(error)),
            // It has let us look for what is not there.
            Ok(_) | Err(_) => Ok(()),
        }
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
        let image = self.for_push(repository, "blob").await?;
        // A slow sender may take longer than a token lasts.
        let (registry, target) = (self.clone(), image.clone());
        let pieces = chunked(limited(bytes, limit)).then(move |piece| {
            let (registry, image) = (registry.clone(), target.clone());
            async move {
                let piece = piece?;
                let grants = [RegistryGrant::push(image.repository())];
                registry.authorise(&registry.client, &image, &grants).await.map_err(io::Error::other)?;
                Ok(piece)
            }
        });
        let pieces = pieces.map_err(OciDistributionError::IoError);
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
        let image = self.for_push(repository, "blob").await?;
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
        let (image, _) = self.for_pull(repository, "blob").await?;
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

    /// Whether it has a blob.
    pub(crate) async fn has_blob(&self, repository: &str, digest: &str) -> Result<bool, BuilderError> {
        let (image, _) = self.for_pull(repository, "blob").await?;
        self.client.blob_exists(&image, digest).await.map_err(failed("look for a blob"))
    }

    /// Makes a blob of one repository known in another, without moving its bytes.
    pub(crate) async fn mount(&self, from: &str, to: &str, digest: &str) -> Result<(), BuilderError> {
        let (from, to) = (self.reference(from, "blob")?, self.reference(to, "blob")?);
        let grants = [RegistryGrant::push(to.repository()), RegistryGrant::pull(from.repository())];
        self.authorise(&self.mounts, &to, &grants).await?;
        self.mounts.mount_blob(&to, &from, digest).await.map_err(failed("mount a layer"))
    }

    /// An image. `None`: there is no such one.
    ///
    /// # Errors
    /// [`BuilderError::Registry`] when the registry fails.
    pub(crate) async fn image(&self, repository: &str, tag: &str) -> Result<Option<Image>, BuilderError> {
        let (image, auth) = self.for_pull(repository, tag).await?;
        match self.client.pull_manifest_and_config(&image, &auth).await {
            Ok((manifest, digest, config)) => Ok(Some(Image { manifest, digest, config })),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(failed("fetch a manifest")(error)),
        }
    }

    /// An image's digest. `None`: there is no such image.
    pub(crate) async fn manifest_digest(&self, repository: &str, tag: &str) -> Result<Option<String>, BuilderError> {
        let (image, auth) = self.for_pull(repository, tag).await?;
        match self.client.fetch_manifest_digest(&image, &auth).await {
            Ok(digest) => Ok(Some(digest)),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(failed("look for a manifest")(error)),
        }
    }

    /// Names an image, whose blobs are in `repository` already, and gives its digest: of the bytes that were sent, whatever
    /// the registry says of them. `tag` `None`: `sha256-` and the digest's digits.
    pub(crate) async fn put_manifest(
        &self,
        repository: &str,
        tag: Option<&str>,
        manifest: &OciManifest,
    ) -> Result<String, BuilderError> {
        let encoded = || {
            let media_type = manifest.content_type();
            let no_type = |_| OciDistributionError::SpecViolationError(format!("{media_type} is no media type"));
            Ok::<_, OciDistributionError>((serde_json::to_vec(manifest)?, media_type.parse().map_err(no_type)?))
        };
        let (bytes, content_type) = encoded().map_err(failed("store a manifest"))?;
        let digest = digest_of(&bytes);
        let tag = tag.map_or_else(|| tag_of(&digest), str::to_owned);
        let image = self.for_push(repository, &tag).await?;
        self.client.push_manifest_raw(&image, bytes, content_type).await.map_err(failed("store a manifest"))?;
        Ok(digest)
    }

    /// An image as engines name it, by what it is: a tag is whatever it was last pointed at.
    pub(crate) fn by_digest(&self, repository: &str, digest: &str) -> String {
        format!("{}/{repository}@{digest}", self.host)
    }

    fn reference(&self, repository: &str, tag: &str) -> Result<Reference, BuilderError> {
        let text = format!("{}/{repository}:{tag}", self.host);
        Reference::from_str(&text).map_err(|error| BuilderError::StackImage { image: text, reason: error.to_string() })
    }

    async fn for_pull(&self, repository: &str, tag: &str) -> Result<(Reference, RegistryAuth), BuilderError> {
        let image = self.reference(repository, tag)?;
        let auth = self.authorise(&self.client, &image, &[RegistryGrant::pull(repository)]).await?;
        Ok((image, auth))
    }

    /// `reference`: a tag or a digest.
    async fn for_pull_of(&self, repository: &str, reference: &str) -> Result<(Reference, RegistryAuth), BuilderError> {
        let Some(digest) = reference.strip_prefix("sha256:") else { return self.for_pull(repository, reference).await };
        let (image, auth) = self.for_pull(repository, "digest").await?;
        Ok((image.clone_with_digest(format!("sha256:{digest}")), auth))
    }

    async fn for_push(&self, repository: &str, tag: &str) -> Result<Reference, BuilderError> {
        let image = self.reference(repository, tag)?;
        self.authorise(&self.client, &image, &[RegistryGrant::push(repository)]).await?;
        Ok(image)
    }

    /// Has `client` show what it takes in the next requests to the repository of `image`, the first of the grants. Makes no
    /// request.
    async fn authorise(
        &self,
        client: &Client,
        image: &Reference,
        grants: &[RegistryGrant<'_>],
    ) -> Result<RegistryAuth, BuilderError> {
        match &self.access {
            Access::Login(auth) => {
                client.store_auth_if_needed(&self.host, auth).await;
                Ok(auth.clone())
            }
            Access::Tokens(tokens) => {
                let token = tokens.token(grants).map_err(BuilderError::RegistryToken)?;
                let auth = RegistryAuth::Bearer(token.expose_secret().to_owned());
                let push = grants.first().is_some_and(|grant| grant.push);
                let operation = if push { RegistryOperation::Push } else { RegistryOperation::Pull };
                client.auth(image, &auth, operation).await.map_err(failed("take a token"))?;
                Ok(auth)
            }
        }
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

/// What an image is tagged with when nothing else is asked for: its digest, as tags can have it.
pub(crate) fn tag_of(digest: &str) -> String {
    digest.replace(':', "-")
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
