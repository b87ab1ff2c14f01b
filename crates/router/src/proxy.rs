use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use hyper::{body::Incoming, upgrade::OnUpgrade};
use paas_logs::Logs;
use tokio_util::task::TaskTracker;

use crate::{
    access::{Access, Edge, Outcome},
    body::{DynoBody, Progress, RequestBody, ResponseBody, Rest},
    config::Timeouts,
    dyno::Stay,
    errors::Failure,
    headers,
    reach::Reach,
    table::{App, Routes, Seat},
    tls::Tls,
    tunnel,
    upstream::{Connection, SendError},
};

/// What the requests of one router thread share.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) routes: Arc<Routes>,
    /// For the HTTPS listeners.
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) timeouts: Timeouts,
    pub(crate) logs: Logs,
    /// Which of the pools is this thread's.
    pub(crate) thread: usize,
    /// Connections and tunnels of this thread.
    pub(crate) tasks: TaskTracker,
}

/// There is nobody to answer: close the client's connection.
#[derive(Debug, thiserror::Error)]
#[error("the client is gone")]
pub(crate) struct Hangup;

/// A response that has begun.
struct Begun {
    response: Response<Incoming>,
    connection: Connection,
    stay: Stay,
    progress: Arc<Progress>,
}

impl Proxy {
    /// Answers one request; its line is logged when its response has been sent.
    pub(crate) async fn handle(
        &self,
        mut request: Request<Incoming>,
        edge: Edge,
    ) -> Result<Response<ResponseBody>, Hangup> {
        // Without an app there is no log that a line could go to.
        let found = headers::host(&mut request).and_then(|host| {
            let app = self.routes.find(&host).ok_or(Failure::NoSuchApp)?;
            Ok((host, app))
        });
        let (host, app) = match found {
            Ok(found) => found,
            Err(failure) => return answer(failure),
        };
        let mut access = self.access(&request, host, &app, edge);
        match self.forward(request, &app, &mut access).await {
            Ok(Forwarded::Response(begun, seat)) => Ok(self.stream(begun, seat, access)),
            Ok(Forwarded::Tunnel(begun, seat, client)) => Ok(self.tunnel(begun, seat, client, access)),
            Err(failure) => {
                access.end(Outcome::Failed(failure));
                answer(failure)
            }
        }
    }

    fn access(&self, request: &Request<Incoming>, host: String, app: &App, edge: Edge) -> Access {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        Access {
            logs: self.logs.clone(),
            app: app.id,
            method: request.method().clone(),
            path: target.to_owned(),
            host,
            request_id: headers::request_id(request.headers()),
            forwarded: headers::forwarded(request.headers(), edge.peer),
            version: request.version(),
            edge,
            dyno: None,
            connect: None,
            sent: None,
            received: None,
            status: None,
            outcome: Outcome::Running,
        }
    }

    /// Up to the head of the response.
    async fn forward(
        &self,
        mut request: Request<Incoming>,
        app: &App,
        access: &mut Access,
    ) -> Result<Forwarded, Failure> {
        headers::check(&request)?;
        let upgrade = headers::wants_upgrade(&request)?;
        if let Some(failure) = app.unavailable() {
            return Err(failure);
        }
        let seat = app.enter()?;
        let client = upgrade.then(|| hyper::upgrade::on(&mut request));
        headers::to_dyno(&mut request, &access.edge, &access.forwarded, &access.request_id, upgrade);
        let begun = self.send(request.map(RequestBody::new), access).await?;
        access.status = Some(begun.response.status().as_u16());
        match (begun.response.status() == StatusCode::SWITCHING_PROTOCOLS, client) {
            (false, _) => Ok(Forwarded::Response(begun, seat)),
            (true, Some(client)) => Ok(Forwarded::Tunnel(begun, seat, client)),
            // Nobody asked for another protocol.
            (true, None) => Err(Failure::MalformedResponse),
        }
    }

    /// Sends the request to a dyno, once. A connection that was used before may have died unnoticed: then a request that
    /// has not left, or one that can be repeated and has had no answer, goes over a new connection.
    async fn send(&self, mut request: Request<RequestBody>, access: &mut Access) -> Result<Begun, Failure> {
        let host = access.host.clone();
        let mut reach = Reach::new(&self.routes, &self.timeouts, self.thread, &host);
        let mut fresh = false;
        loop {
            let (stay, mut connection) = reach.connection(fresh, access).await?;
            let progress = Arc::clone(request.body().progress());
            let spare = (connection.used && is_repeatable(&request)).then(|| copy(&request));
            access.sent = Some(Instant::now());
            access.received = Some(connection.received());
            let sent = tokio::select! {
                biased;
                sent = connection.send(request) => sent,
                failure = progress.exhausted(self.timeouts.first_byte, self.timeouts.idle) => return Err(failure),
            };
            request = match (sent, spare) {
                (Ok(response), _) => return Ok(Begun { response, connection, stay, progress }),
                (Err(_), _) if progress.is_broken() => return Err(Failure::ClientInterrupted),
                (Err(SendError::Malformed), _) => return Err(Failure::MalformedResponse),
                (Err(SendError::Unsent(unsent)), _) if connection.used => *unsent,
                (Err(SendError::NoResponse), Some(spare)) => spare,
                (Err(SendError::Unsent(_) | SendError::NoResponse), _) => return Err(Failure::ClosedWithoutResponse),
            };
            fresh = true;
        }
    }

    fn stream(&self, begun: Begun, seat: Seat, access: Access) -> Response<ResponseBody> {
        let Begun { mut response, connection, stay, progress } = begun;
        headers::to_client(response.headers_mut(), false);
        let rest = Rest { access, connection, stay, seat };
        response.map(|body| {
            ResponseBody::Dyno(Box::new(DynoBody::new(body, progress, self.timeouts.idle, self.thread, rest)))
        })
    }

    fn tunnel(&self, begun: Begun, seat: Seat, client: OnUpgrade, mut access: Access) -> Response<ResponseBody> {
        let Begun { mut response, stay, .. } = begun;
        headers::to_client(response.headers_mut(), true);
        let dyno = hyper::upgrade::on(&mut response);
        let idle = self.timeouts.idle;
        self.tasks.spawn(async move {
            let outcome = tunnel::run(client, dyno, idle).await;
            access.end(outcome);
            drop((access, stay, seat));
        });
        response.map(|_| ResponseBody::Empty)
    }
}

enum Forwarded {
    Response(Begun, Seat),
    Tunnel(Begun, Seat, OnUpgrade),
}

fn answer(failure: Failure) -> Result<Response<ResponseBody>, Hangup> {
    let response = failure.response().ok_or(Hangup)?;
    Ok(response.map(|page: Bytes| ResponseBody::Page(Full::new(page))))
}

/// Whether sending the request twice does what sending it once does.
fn is_repeatable(request: &Request<RequestBody>) -> bool {
    let method = request.method();
    let idempotent = [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE].contains(method);
    idempotent && request.body().is_end_stream()
}

/// A copy of a request without a body.
fn copy(request: &Request<RequestBody>) -> Request<RequestBody> {
    let mut copy = Request::new(RequestBody::empty(request.body().progress()));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}
