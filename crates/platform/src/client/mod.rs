//! The HTTP client: one request, one typed answer. The calls by resource are in the files beside this one.

mod access;
mod accounts;
mod apps;
mod builds;
mod disk;
mod dynos;
mod edges;
mod error;
mod hosts;
mod pools;
mod slugs;
mod stream;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Method, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

pub use self::{
    error::ClientError,
    stream::{Event, EventStream, TextStream},
};
use crate::{ApiErrorBody, ListRange, MEDIA_TYPE, Secret};

/// How long a server may take to answer. Streams may be silent for longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// A client of one server, as one account.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    server: Url,
    token: Option<Secret>,
    warnings: Mutex<Vec<String>>,
}

#[derive(Debug)]
pub struct ClientBuilder {
    server: Url,
    token: Option<Secret>,
    ca_pem: Option<Vec<u8>>,
    user_agent: String,
}

impl ClientBuilder {
    #[must_use]
    pub fn token(mut self, token: Secret) -> Self {
        // With one that is empty beside what a call proves itself by, the server would read the first of two.
        self.token = Some(token).filter(|token| !token.expose().is_empty());
        self
    }

    /// Trust these certificates (PEM) and no others: the server's own CA. Also spares reading the system's roots.
    #[must_use]
    pub fn ca_pem(mut self, pem: Vec<u8>) -> Self {
        self.ca_pem = Some(pem);
        self
    }

    /// `paas-cli/1.2.3`.
    #[must_use]
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.user_agent);
        self
    }

    /// # Errors
    /// [`ClientError::Setup`], with a CA that is no PEM.
    pub fn build(self) -> Result<Client, ClientError> {
        let mut http = reqwest::Client::builder().user_agent(self.user_agent).connect_timeout(CONNECT_WITHIN);
        if let Some(pem) = &self.ca_pem {
            http = http.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem).map_err(ClientError::Setup)?);
        } else if self.server.scheme() == "http" {
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(ClientError::Setup)?;
        Ok(Client { http, server: self.server, token: self.token, warnings: Mutex::default() })
    }
}

impl Client {
    /// `server`: scheme, host and port; its path is not used.
    #[must_use]
    pub fn builder(server: Url) -> ClientBuilder {
        ClientBuilder { server, token: None, ca_pem: None, user_agent: "paas-platform".to_owned() }
    }

    /// `https://localhost:5443`.
    #[must_use]
    pub fn server(&self) -> String {
        self.server.origin().ascii_serialization()
    }

    /// What the server asked to tell the user (header `X-Heroku-Warning`) since this was last called; each text once.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A body that needs no token, read while it is written.
    ///
    /// # Errors
    /// Any [`ClientError`]; status 404 while there is nothing to read yet.
    pub async fn open_text(&self, url: &Secret) -> Result<TextStream, ClientError> {
        let request = self.http.get(parse(url)?);
        Ok(TextStream::new(self.send(request).await?, self.server()))
    }

    /// Server-sent events at a URL that needs no token. `after`: the id of the last event that was read.
    ///
    /// # Errors
    /// Any [`ClientError`]; status 403 or 404 when the session is over.
    pub async fn open_events(&self, url: &Secret, after: Option<&str>) -> Result<EventStream, ClientError> {
        let mut request = self.http.get(parse(url)?).header(header::ACCEPT, "text/event-stream");
        if let Some(id) = after {
            request = request.header("Last-Event-ID", id);
        }
        Ok(EventStream::new(TextStream::new(self.send(request).await?, self.server())))
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, ClientError> {
        self.read(self.request(Method::GET, path)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.read(self.request(method, path).json(body)).await
    }

    /// For answers that tell nothing (202, `{}`).
    async fn tell(&self, method: Method, path: &[&str]) -> Result<(), ClientError> {
        self.send(self.request(method, path).timeout(ANSWER_WITHIN)).await.map(drop)
    }

    /// One page of a list: at most `range.max` items.
    async fn page<T: DeserializeOwned>(&self, path: &[&str], range: &ListRange) -> Result<Vec<T>, ClientError> {
        self.read(self.request(Method::GET, path).header(header::RANGE, range.to_string())).await
    }

    /// A whole list, page by page.
    async fn list<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Vec<T>, ClientError> {
        let mut items = Vec::new();
        let mut range = None;
        loop {
            let mut request = self.request(Method::GET, path).timeout(ANSWER_WITHIN);
            if let Some(range) = range {
                request = request.header(header::RANGE, range);
            }
            let response = self.send(request).await?;
            range = response.headers().get("Next-Range").cloned();
            let page: Vec<T> = self.decode(response).await?;
            // A page without items would be asked for for ever.
            let over = range.is_none() || page.is_empty();
            items.extend(page);
            if over {
                return Ok(items);
            }
        }
    }

    fn request(&self, method: Method, path: &[&str]) -> reqwest::RequestBuilder {
        let mut url = self.server.clone();
        // Segments are percent-encoded one by one, so a name cannot reach another resource.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(path);
        }
        let request = self.http.request(method, url).header(header::ACCEPT, MEDIA_TYPE);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    async fn read<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, ClientError> {
        let response = self.send(request.timeout(ANSWER_WITHIN)).await?;
        self.decode(response).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, ClientError> {
        let response = request.send().await.map_err(|error| ClientError::from_request(&self.server(), error))?;
        self.note_warnings(response.headers());
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let status = status.as_u16();
        let body = response.bytes().await.unwrap_or_default();
        Err(match serde_json::from_slice::<ApiErrorBody>(&body) {
            Ok(body) => ClientError::Api { status, body },
            Err(_) => ClientError::Status { server: self.server(), status },
        })
    }

    async fn decode<T: DeserializeOwned>(&self, response: reqwest::Response) -> Result<T, ClientError> {
        // A 304 or 204 would decode as nothing; no call here may get one.
        debug_assert_ne!(response.status(), StatusCode::NO_CONTENT);
        let body = response.bytes().await.map_err(|error| ClientError::from_request(&self.server(), error))?;
        serde_json::from_slice(&body).map_err(|source| ClientError::Decode {
            server: self.server(),
            wanted: short_name(std::any::type_name::<T>()),
            source,
        })
    }

    fn note_warnings(&self, headers: &header::HeaderMap) {
        let found = ["X-Heroku-Warning", "Warning-Message"].into_iter().flat_map(|name| headers.get_all(name));
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        for text in found.filter_map(|value| value.to_str().ok()) {
            if !warnings.iter().any(|known| known == text) {
                warnings.push(text.to_owned());
            }
        }
    }
}

fn parse(url: &Secret) -> Result<Url, ClientError> {
    Url::parse(url.expose()).map_err(ClientError::Url)
}

/// `paas_platform::app::App` -> `App`.
fn short_name(path: &'static str) -> &'static str {
    path.rsplit("::").next().unwrap_or(path).trim_end_matches('>')
}
