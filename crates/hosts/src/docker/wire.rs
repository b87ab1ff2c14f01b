//! HTTP to the engine, as it is on the wire.

use bollard::{ClientVersion, body_full, errors::Error};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONNECTION, CONTENT_TYPE, UPGRADE},
    upgrade::Upgraded,
};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    connection::{Version, limit_of},
    dial::{Body, Client},
};

/// Answers read whole (errors, small JSON) are never longer.
const WHOLE_ANSWER_BYTES: usize = 4 << 20;

pub(super) struct Wire {
    client: Client,
    prefix: String,
}

impl Wire {
    /// `None`: without a version in the path.
    pub(super) fn new(client: Client, version: Option<ClientVersion>) -> Self {
        let version = version.map(|version| format!("/v{version}")).unwrap_or_default();
        Self { client, prefix: format!("http://engine{version}") }
    }

    pub(super) async fn version(&self) -> Result<Version, Error> {
        self.read("/version").await
    }

    /// A short answer, whole.
    pub(super) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        read_json(self.request(Method::GET, path, "").await?).await
    }

    /// The answer's headers have come: the engine has taken the request. The body is read as far as the caller polls
    /// it, so a slow reader holds the engine back instead of filling memory.
    pub(super) async fn get(&self, path: &str) -> Result<Incoming, Error> {
        let answer = self.request(Method::GET, path, "").await?;
        if let Some(limit) = limit_of(&answer) {
            limit.lift();
        }
        Ok(answer.into_body())
    }

    /// As [`Wire::get`], with a JSON body; empty for none.
    pub(super) async fn post(&self, path: &str, json: &str) -> Result<Response<Incoming>, Error> {
        self.request(Method::POST, path, json).await
    }

    /// Sends a tar as it comes. The answer is read as the caller polls it.
    pub(super) async fn send_tar(&self, path: &str, tar: Body) -> Result<Incoming, Error> {
        let request = Request::post(format!("{}{path}", self.prefix)).header(CONTENT_TYPE, "application/x-tar");
        let answer = self.send(request.body(tar)?).await?;
        if let Some(limit) = limit_of(&answer) {
            limit.lift();
        }
        Ok(answer.into_body())
    }

    /// Turns the connection into the two directions of a container's standard streams.
    pub(super) async fn upgrade(&self, path: &str) -> Result<TokioIo<Upgraded>, Error> {
        let request =
            Request::post(format!("{}{path}", self.prefix)).header(CONNECTION, "Upgrade").header(UPGRADE, "tcp");
        let response = self.send(request.body(body_full(Bytes::new()))?).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::DockerResponseServerError {
                status_code: response.status().as_u16(),
                message: "the engine did not hand over the connection".to_owned(),
            });
        }
        if let Some(limit) = limit_of(&response) {
            limit.lift_for_good();
        }
        Ok(TokioIo::new(hyper::upgrade::on(response).await?))
    }

    async fn request(&self, method: Method, path: &str, json: &str) -> Result<Response<Incoming>, Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.prefix));
        if !json.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        self.send(request.body(body_full(Bytes::copy_from_slice(json.as_bytes())))?).await
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Error> {
        let response = self.client.request(request).await?;
        if response.status().is_success() || response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(response);
        }
        let status_code = response.status().as_u16();
        let body = read_whole(response).await?;
        let message = serde_json::from_slice::<Refusal>(&body)
            .map_or_else(|_| String::from_utf8_lossy(&body).into_owned(), |refusal| refusal.message);
        Err(Error::DockerResponseServerError { status_code, message })
    }
}

pub(super) async fn read_json<T: DeserializeOwned>(response: Response<Incoming>) -> Result<T, Error> {
    Ok(serde_json::from_slice(&read_whole(response).await?)?)
}

async fn read_whole(response: Response<Incoming>) -> Result<Bytes, Error> {
    let body = Limited::new(response.into_body(), WHOLE_ANSWER_BYTES).collect().await;
    Ok(body.map_err(std::io::Error::other)?.to_bytes())
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}
