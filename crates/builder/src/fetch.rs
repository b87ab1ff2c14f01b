//! Source archives from URLs that users name, into the registry.
//!
//! The platform's machines reach what users must not: each other, the database, a cloud's metadata service. So every hop is
//! looked up here, all of its addresses must be public (or the operator's exceptions), and the connection goes to those very
//! addresses, whatever a name server says a moment later. A proxy from the environment would look names up by itself, so none
//! is used.

use std::{
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use paas_model::is_public;
use reqwest::{
    Certificate, Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect,
};

use crate::{Blob, Builder, BuilderError, InputError, SourceUrl, sandbox::SOURCES};

/// Most compressed bytes of a source.
const MAX_BYTES: u64 = 1 << 30;
const MAX_REDIRECTS: usize = 5;
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// A server that sends nothing for this long has hung.
const SILENT_FOR: Duration = Duration::from_secs(30);
/// All of it: redirects, and the last byte.
const FETCHED_WITHIN: Duration = Duration::from_secs(10 * 60);

impl Builder {
    /// Stores what is at the URL as a source: a gzipped tar, of which nothing else is looked at. `checksum`: the digest
    /// (`sha256:…`) that it must have.
    ///
    /// # Errors
    /// [`InputError::Refused`] whenever the URL's owner or the server behind it can mend it; else
    /// [`InputError::Infrastructure`].
    pub async fn fetch_source(&self, url: &SourceUrl, checksum: Option<&str>) -> Result<Blob, InputError> {
        let fetched = tokio::time::timeout(FETCHED_WITHIN, self.fetch(url)).await;
        let too_slow = || InputError::Refused(format!("it took longer than {} minutes", FETCHED_WITHIN.as_secs() / 60));
        let blob = fetched.map_err(|_| too_slow())??;
        match checksum {
            Some(wanted) if wanted != blob.digest => Err(InputError::Refused(format!(
                "its checksum is {}, and the build was asked for {}",
                checksum_of(&blob.digest),
                checksum_of(wanted),
            ))),
            _ => Ok(blob),
        }
    }

    async fn fetch(&self, url: &SourceUrl) -> Result<Blob, InputError> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.get(&url).await?;
            let location = response.headers().get(header::LOCATION).filter(|_| response.status().is_redirection());
            let Some(location) = location else { return self.store(response).await };
            let location = location.to_str().map_err(|_| refused("it redirects to what is no URL"))?;
            url = url.join(location).map_err(InputError::Refused)?;
        }
        Err(refused(format!("it redirects more than {MAX_REDIRECTS} times")))
    }

    async fn get(&self, url: &SourceUrl) -> Result<Response, InputError> {
        let addresses = self.addresses(url).await?;
        let mut client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(SILENT_FOR)
            .user_agent(format!("{}-source-fetcher", self.config.product))
            .dns_resolver(Arc::new(Checked(addresses)));
        if let Some(path) = &self.config.extra_ca {
            let pem = tokio::fs::read(path).await.map_err(BuilderError::io("the extra CA bundle"))?;
            client = client.tls_certs_merge(Certificate::from_pem_bundle(&pem).map_err(BuilderError::http)?);
        }
        let client = client.build().map_err(BuilderError::http)?;
        client.get(url.expose()).send().await.map_err(|error| failed_to_send(url, error))
    }

    /// Whether the URL's host may be asked.
    ///
    /// # Errors
    /// [`InputError::Refused`]: it may not.
    pub(crate) async fn check_address(&self, url: &SourceUrl) -> Result<(), InputError> {
        self.addresses(url).await.map(drop)
    }

    /// What the host of the URL resolves to: every one public, or allowed.
    async fn addresses(&self, url: &SourceUrl) -> Result<Vec<SocketAddr>, InputError> {
        let found = match url.literal() {
            Some(ip) => vec![SocketAddr::new(ip, url.port())],
            None => look_up(url).await?,
        };
        if found.is_empty() {
            return Err(refused(format!("there is no host {}", url.host())));
        }
        match found.iter().find(|address| !self.may_reach(address.ip())) {
            None => Ok(found),
            Some(address) => Err(refused(format!(
                "{} is at {}, which is not an address on the public internet; an operator can allow it \
                 (PAAS_SOURCE_ALLOW)",
                url.host(),
                address.ip(),
            ))),
        }
    }

    fn may_reach(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        is_public(ip) || self.config.source_allow.iter().any(|range| range.contains(&ip))
    }

    async fn store(&self, mut response: Response) -> Result<Blob, InputError> {
        if !response.status().is_success() {
            return Err(refused(format!("its server answered {}", response.status())));
        }
        if response.content_length().is_some_and(|bytes| bytes > MAX_BYTES) {
            return Err(too_large());
        }
        let mut start = Vec::new();
        while start.len() < 2 {
            match response.chunk().await.map_err(|error| refused(broken(&error)))? {
                Some(bytes) => start.extend_from_slice(&bytes),
                None => break,
            }
        }
        if !start.starts_with(&[0x1f, 0x8b]) {
            return Err(refused("what its server sent is no gzip archive"));
        }
        let rest = response.bytes_stream().map_err(|error| io::Error::other(broken(&error)));
        let bytes = stream::once(async { Ok(Bytes::from(start)) }).chain(rest);
        match self.registry.put_blob(SOURCES, bytes, MAX_BYTES).await {
            Ok(blob) => Ok(blob),
            Err(BuilderError::BlobTooLarge { .. }) => Err(too_large()),
            Err(BuilderError::Io { source, .. }) => Err(refused(source.to_string())),
            Err(other) => Err(other.into()),
        }
    }
}

async fn look_up(url: &SourceUrl) -> Result<Vec<SocketAddr>, InputError> {
    let error = match tokio::net::lookup_host((url.host(), url.port())).await {
        Ok(found) => return Ok(found.collect()),
        Err(error) => error,
    };
    // The resolver's own word for "ask again" (EAI_AGAIN): nobody was reached who could know the name.
    match error.to_string().contains("Temporary failure") {
        true => Err(BuilderError::Io { what: "the address of a source's host", source: error }.into()),
        false => Err(refused(format!("there is no host {}", url.host()))),
    }
}

/// Answers every question with the addresses that were checked.
struct Checked(Vec<SocketAddr>);

impl Resolve for Checked {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(async move { Ok(addresses) })
    }
}

fn failed_to_send(url: &SourceUrl, error: reqwest::Error) -> InputError {
    let ours = io_kind(&error).is_some_and(|kind| kind == io::ErrorKind::NetworkUnreachable);
    if ours {
        return BuilderError::http(error).into();
    }
    match error.is_timeout() {
        true => refused(format!("{} does not answer", url.host())),
        false => refused(format!("{} cannot be reached: {}", url.host(), root(&error))),
    }
}

fn broken(error: &reqwest::Error) -> String {
    match error.is_timeout() {
        true => format!("its server sent nothing for {} seconds", SILENT_FOR.as_secs()),
        false => format!("its server broke off: {}", root(error)),
    }
}

/// The innermost cause: it alone says something, and never the URL.
fn root(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "the connection failed".to_owned(), ToString::to_string)
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last().map(io::Error::kind)
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}

fn refused(text: impl Into<String>) -> InputError {
    InputError::Refused(text.into())
}

fn too_large() -> InputError {
    refused(format!("it is larger than {} MB", MAX_BYTES >> 20))
}

/// `SHA256:…`, as users write it.
fn checksum_of(digest: &str) -> String {
    digest.replacen("sha256:", "SHA256:", 1)
}

#[cfg(test)]
mod tests {
    use crate::{BuilderConfig, Registry, RegistryConfig};

    use super::*;

    fn builder(allow: &[&str]) -> Builder {
        let source_allow = allow.iter().map(|range| range.parse().unwrap()).collect();
        let url = "http://127.0.0.1:9".parse().unwrap();
        let registry = Registry::new(RegistryConfig { url, credentials: None }).unwrap();
        Builder::new(BuilderConfig { source_allow, ..BuilderConfig::default() }, registry)
    }

    async fn why(builder: &Builder, url: &str) -> String {
        match builder.fetch_source(&SourceUrl::parse(url).unwrap(), None).await {
            Err(InputError::Refused(why)) => why,
            other => panic!("{url}: {other:?}"),
        }
    }

    #[tokio::test]
    async fn the_platforms_own_network_is_never_reached() {
        let builder = builder(&["10.1.0.0/16"]);
        for url in [
            "http://127.0.0.1:5050/v2/",
            "http://localhost/",
            "http://169.254.169.254/latest/meta-data/",
            "http://10.2.0.1/",
            "http://[::1]:5443/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fe80::1]/",
            "http://0.0.0.0/",
        ] {
            let why = why(&builder, url).await;
            assert!(why.contains("not an address on the public internet"), "{url}: {why}");
        }
    }

    #[tokio::test]
    async fn what_the_operator_allows_is_tried() {
        // Nothing listens there.
        let why = why(&builder(&["127.0.0.0/8"]), "http://127.0.0.1:9/a.tgz").await;
        assert!(why.starts_with("127.0.0.1 cannot be reached: "), "{why}");
    }
}
