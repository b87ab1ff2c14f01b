//! Requests through the router, as browsers make them.

use std::time::Duration;

use reqwest::{
    Certificate, Client, RequestBuilder,
    header::{HOST, HeaderMap},
};

/// Longer than the router's own patience with an app (Heroku: 30 seconds).
const PATIENCE: Duration = Duration::from_secs(40);

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }
}

/// A client that keeps connections open, or makes a new one for each request.
pub(crate) fn client(keepalive: bool) -> Client {
    let idle = if keepalive { usize::MAX } else { 0 };
    let client = Client::builder().pool_max_idle_per_host(idle).timeout(PATIENCE).no_proxy();
    client.build().expect("a client of no special kind")
}

/// One that trusts this authority alone.
pub(crate) fn trusting(authority: &[u8]) -> Client {
    let authority = Certificate::from_pem(authority).expect("it is a certificate");
    let client = Client::builder().tls_certs_only([authority]).timeout(PATIENCE).no_proxy();
    client.build().expect("a client of no special kind")
}

pub(crate) async fn get(client: &Client, port: u16, host: &str, path: &str) -> Result<Answer, reqwest::Error> {
    answer(client.get(format!("http://127.0.0.1:{port}{path}")).header(HOST, host)).await
}

pub(crate) async fn post(
    client: &Client,
    port: u16,
    host: &str,
    path: &str,
    body: &str,
) -> Result<Answer, reqwest::Error> {
    answer(client.post(format!("http://127.0.0.1:{port}{path}")).header(HOST, host).body(body.to_owned())).await
}

async fn answer(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, body: response.text().await? })
}

/// What went wrong, in few enough words to be counted.
pub(crate) fn kind(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
