//! How one engine is reached, and what its refusals mean.

use std::{future::Future, net::IpAddr, sync::Arc, time::Duration};

use bollard::{BollardRequest, ClientVersion, Docker, auth::DockerCredentials, errors::Error, models::SystemInfo};
use hyper::{Uri, http};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use serde::Deserialize;
use tokio::{
    sync::{Mutex, OnceCell},
    time::{Instant, timeout},
};

use super::{
    answer_limit::AnswerLimit,
    containers::Fresh,
    dial::{Client, Dialer},
    groups::Weighted,
    login::{RegistryLogin, Transfer},
    pulls::Pulls,
    wire::Wire,
};
use crate::{BuildFirewall, EngineError, HostEndpoint};

/// Spoken whenever the engine can, so that every engine behaves alike: Docker 20.10's, the oldest we run on. An engine
/// that has dropped it (29 has) is spoken to in the oldest version it still knows.
const API: ClientVersion = ClientVersion { major_version: 1, minor_version: 41 };

/// No call that is one question and one answer takes longer. Generous, because a start on a busy disk takes its time.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// A host that does not answer a heartbeat within this is not to be relied on just now.
const PING_TIMEOUT: Duration = Duration::from_secs(3);

/// Bollard times whole requests, uploads included, by one clock. We time calls ourselves, each by what it does.
const BOLLARD_TIMEOUT_SECONDS: u64 = 24 * 60 * 60;

/// Connections that are kept for the next request, and for how long. A handshake costs more than a small question.
const KEPT: usize = 8;
const KEPT_FOR: Duration = Duration::from_secs(30);

pub(super) struct Connection {
    endpoint: HostEndpoint,
    client: Client,
    docker: OnceCell<Docker>,
    registry: Option<Arc<RegistryLogin>>,
    pub(super) pulls: Pulls,
    /// Held while networks are made: two at once would make two of one name. Since when the default bridge is known to keep
    /// containers apart.
    pub(super) networks: Mutex<Option<Instant>>,
    pub(super) fresh: Fresh,
    pub(super) weighted: Mutex<Weighted>,
    /// The rules that were set last, and when. Held while they are set.
    pub(super) firewall: Mutex<Option<(BuildFirewall, Instant)>>,
}

impl Connection {
    /// # Errors
    /// As [`Dialer::new`].
    pub(super) fn new(
        endpoint: HostEndpoint,
        tls: Option<&Arc<ClientConfig>>,
        registry: Option<Arc<RegistryLogin>>,
    ) -> Result<Self, EngineError> {
        let dialer = Dialer::new(&endpoint, tls)?;
        Ok(Self::over(dialer, endpoint, registry))
    }

    pub(super) fn unix(path: &str) -> Self {
        Self::over(Dialer::Unix(path.into()), HostEndpoint::Unix(path.to_owned()), None)
    }

    fn over(dialer: Dialer, endpoint: HostEndpoint, registry: Option<Arc<RegistryLogin>>) -> Self {
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(KEPT)
            .pool_idle_timeout(KEPT_FOR)
            .build(dialer);
        Self {
            endpoint,
            client,
            docker: OnceCell::new(),
            registry,
            pulls: Pulls::default(),
            networks: Mutex::default(),
            fresh: Fresh::default(),
            weighted: Mutex::default(),
            firewall: Mutex::default(),
        }
    }

    pub(super) const fn endpoint(&self) -> &HostEndpoint {
        &self.endpoint
    }

    /// The address that containers' ports are published on. `None`: this machine reaches the containers themselves.
    pub(super) const fn published_on(&self) -> Option<IpAddr> {
        match &self.endpoint {
            HostEndpoint::Unix(_) => None,
            HostEndpoint::Tcp { address, .. } => Some(address.ip()),
        }
    }

    /// For a transfer of `image`; `None` when its registry is none of ours.
    pub(super) fn credentials(
        &self,
        image: &str,
        transfer: Transfer,
    ) -> Result<Option<DockerCredentials>, EngineError> {
        self.registry.as_ref().map_or(Ok(None), |registry| registry.credentials(image, transfer))
    }

    /// The bollard client, speaking a version that both know. Asks the engine once.
    pub(super) async fn docker(&self) -> Result<&Docker, Error> {
        self.docker
            .get_or_try_init(|| async {
                let version = within(CALL_TIMEOUT, Wire::new(self.client.clone(), None).version()).await?;
                let spoken = version.spoken();
                let client = self.client.clone();
                let transport = move |mut request: BollardRequest| {
                    // The one answer of bollard's that may be long, and that is handed on piece by piece.
                    let is_archive = request.uri().path().ends_with("/archive");
                    let answer = versioned(request.uri(), spoken).map(|uri| {
                        *request.uri_mut() = uri;
                        client.request(request)
                    });
                    async move {
                        let answer = answer?.await?;
                        if let Some(limit) = limit_of(&answer).filter(|_| is_archive && answer.status().is_success()) {
                            limit.lift();
                        }
                        Ok(answer)
                    }
                };
                let address = Some("http://engine");
                Docker::connect_with_custom_transport(transport, address, BOLLARD_TIMEOUT_SECONDS, &spoken)
            })
            .await
    }

    /// For requests that bollard cannot make.
    pub(super) async fn wire(&self) -> Result<Wire, Error> {
        let version = self.docker().await?.client_version();
        Ok(Wire::new(self.client.clone(), Some(version)))
    }

    /// Whether it answers at all, in a time that a heartbeat has.
    pub(super) async fn ping(&self) -> Result<(), EngineError> {
        let answer = within(PING_TIMEOUT, Wire::new(self.client.clone(), None).get("/_ping")).await;
        answer.map(drop).map_err(|error| self.failed("answer a ping", error))
    }

    pub(super) async fn system_info(&self) -> Result<SystemInfo, EngineError> {
        self.call(async |docker| docker.info().await).await.map_err(|error| self.failed("tell about itself", error))
    }

    /// One question and one answer, in bounded time.
    pub(super) async fn call<'a, T, F>(&'a self, ask: impl FnOnce(&'a Docker) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let docker = self.docker().await?;
        within(CALL_TIMEOUT, ask(docker)).await
    }

    /// What a failure means when nothing in particular was expected. `doing` completes "refused to …".
    pub(super) fn failed(&self, doing: &'static str, error: Error) -> EngineError {
        match error {
            Error::DockerResponseServerError { status_code, message } => {
                EngineError::Refused { doing, status: status_code, reason: message }
            }
            Error::DockerStreamError { error } => EngineError::Refused { doing, status: 500, reason: error },
            // Everything else is about the connection, or an answer that broke off: the effect is unknown.
            other => EngineError::Unavailable { endpoint: self.endpoint.to_string(), source: Box::new(other) },
        }
    }
}

/// The limit of an answer that is being read.
pub(super) fn limit_of<B>(answer: &http::Response<B>) -> Option<&AnswerLimit> {
    answer.extensions().get::<AnswerLimit>()
}

/// Bollard leaves the version out of its paths, and an engine then speaks its newest.
fn versioned(uri: &Uri, version: ClientVersion) -> Result<Uri, http::Error> {
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    Uri::builder().scheme("http").authority("engine").path_and_query(format!("/v{version}{path}")).build()
}

/// `GET /version`, the one path that every engine answers without a version in it.
#[derive(Debug, Deserialize)]
pub(super) struct Version {
    #[serde(rename = "MinAPIVersion")]
    oldest: String,
}

impl Version {
    fn spoken(&self) -> ClientVersion {
        let oldest = self.oldest.split_once('.').and_then(|(major, minor)| {
            Some(ClientVersion { major_version: major.parse().ok()?, minor_version: minor.parse().ok()? })
        });
        match oldest {
            Some(oldest) if (oldest.major_version, oldest.minor_version) > (API.major_version, API.minor_version) => {
                oldest
            }
            Some(_) | None => API,
        }
    }
}

pub(super) async fn within<T>(limit: Duration, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(limit, answer).await.unwrap_or(Err(Error::RequestTimeoutError))
}

/// The status of a refusal; `None` when the engine did not answer.
pub(super) fn status<T>(result: &Result<T, Error>) -> Option<u16> {
    match result {
        Err(Error::DockerResponseServerError { status_code, .. }) => Some(*status_code),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(oldest: &str) -> (usize, usize) {
        let version = Version { oldest: oldest.to_owned() }.spoken();
        (version.major_version, version.minor_version)
    }

    #[test]
    fn an_engine_that_knows_the_old_version_is_spoken_to_in_it() {
        assert_eq!(spoken("1.12"), (1, 41));
        assert_eq!(spoken("1.41"), (1, 41));
    }

    #[test]
    fn an_engine_that_has_dropped_it_is_spoken_to_in_its_oldest() {
        assert_eq!(spoken("1.44"), (1, 44));
    }
}
