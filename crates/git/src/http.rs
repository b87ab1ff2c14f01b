//! Git's smart HTTP protocol (gitprotocol-http): a listing of refs, and one request each for fetch and push.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_compression::tokio::bufread::GzipDecoder;
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::TryStreamExt;
use paas_model::AppName;
use serde::Deserialize;
use tokio::{
    io::BufReader,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::io::StreamReader;

use crate::{
    PushTarget, Refusal, Visit, credentials,
    endpoint::Endpoint,
    exchange::{Exchange, Input, OnHangUp},
    failure::Failure,
    repositories,
    service::{self, Service},
};

/// A request waits this long for others to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Decompressed bytes are handed on in pieces of this size.
const PIECE: usize = 64 * 1024;

pub(crate) fn router(endpoint: Arc<Endpoint>) -> Router {
    Router::new()
        .route("/{repository}/info/refs", get(list_refs))
        .route("/{repository}/git-upload-pack", post(fetch))
        .route("/{repository}/git-receive-pack", post(receive))
        .with_state(endpoint)
}

#[derive(Deserialize)]
struct Listing {
    service: Option<String>,
}

async fn list_refs(
    State(endpoint): State<Arc<Endpoint>>,
    Path(repository): Path<String>,
    Query(listing): Query<Listing>,
    request: Request,
) -> Result<Response, Failure> {
    let service = listing.service.ok_or(Failure::DumbProtocol)?;
    let service = Service::parse(&service).ok_or(Failure::UnknownService)?;
    let target = authorize(&endpoint, request.headers(), &repository, visit(&request, service)).await?;
    let repository = endpoint.repositories.ensure(target.id()).await?;
    let protocol = protocol(request.headers());
    let exchange = Exchange {
        command: endpoint.git.advertise(service, protocol, &repository),
        preamble: service.preamble(protocol),
        input: Box::pin(tokio::io::empty()),
        on_hang_up: OnHangUp::Kill,
        permit: permit(&endpoint.fetches).await?,
    };
    Ok(answer(service.advertisement_type(), exchange.start(async {})?))
}

async fn fetch(
    State(endpoint): State<Arc<Endpoint>>,
    Path(repository): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let target = authorize(&endpoint, request.headers(), &repository, visit(&request, Service::UploadPack)).await?;
    check_type(&request, Service::UploadPack)?;
    let repository = endpoint.repositories.ensure(target.id()).await?;
    let exchange = Exchange {
        command: endpoint.git.fetch(protocol(request.headers()), &repository),
        preamble: String::new(),
        input: input(request)?,
        on_hang_up: OnHangUp::Kill,
        permit: permit(&endpoint.fetches).await?,
    };
    Ok(answer(Service::UploadPack.result_type(), exchange.start(async {})?))
}

async fn receive(
    State(endpoint): State<Arc<Endpoint>>,
    Path(repository): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let target = authorize(&endpoint, request.headers(), &repository, visit(&request, Service::ReceivePack)).await?;
    check_type(&request, Service::ReceivePack)?;
    let repository = endpoint.repositories.ensure(target.id()).await?;
    let ticket = endpoint.pushes.admit(target.clone());
    let exchange = Exchange {
        command: endpoint.git.receive(&ticket, protocol(request.headers()), &repository),
        preamble: String::new(),
        input: input(request)?,
        on_hang_up: OnHangUp::Finish,
        permit: permit(&endpoint.pushes_at_once).await?,
    };
    let event = target.begin_push().await.map_err(Failure::Refused)?;
    let finish = async move {
        target.end_push(event, ticket.push.deployed.get().map(String::as_str)).await;
        if let Some(branch) = ticket.push.deployed.get()
            && let Err(error) = repositories::set_head(repository.clone(), branch.clone()).await
        {
            tracing::error!(app.id = %target.id(), %error, "HEAD could not be moved");
        }
        drop(ticket);
        tokio::spawn(async move { endpoint.tidy_up(&*target, repository).await });
    };
    Ok(answer(Service::ReceivePack.result_type(), exchange.start(finish)?))
}

/// Who asks comes first: a stranger does not learn which apps there are.
async fn authorize(
    endpoint: &Endpoint,
    headers: &HeaderMap,
    repository: &str,
    visit: Visit,
) -> Result<Arc<dyn PushTarget>, Failure> {
    let unauthorized = || Failure::Unauthorized { realm: endpoint.product.clone() };
    let token = credentials::token(headers).ok_or_else(unauthorized)?;
    let name = repository.strip_suffix(".git").unwrap_or(repository);
    let found = match AppName::parse(name) {
        Ok(app) => endpoint.platform.app(&token, &app, &visit).await,
        Err(_) => Err(Refusal::NoSuchApp),
    };
    found.map_err(|refusal| match refusal {
        Refusal::UnknownToken => unauthorized(),
        Refusal::NoSuchApp => Failure::NoSuchApp(name.to_owned()),
        other => Failure::Refused(other),
    })
}

fn visit(request: &Request, service: Service) -> Visit {
    let lines = request.headers().get_all("x-forwarded-for").into_iter();
    Visit {
        pushes: service == Service::ReceivePack,
        peer: request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip()),
        forwarded_for: lines.filter_map(|line| line.to_str().ok()).collect::<Vec<_>>().join(","),
    }
}

fn protocol(headers: &HeaderMap) -> Option<&str> {
    headers.get("git-protocol").and_then(|value| value.to_str().ok()).and_then(service::protocol)
}

/// A form on some web page cannot send this type, so that no page can push with a browser's credentials.
fn check_type(request: &Request, service: Service) -> Result<(), Failure> {
    let wanted = service.request_type();
    match request.headers().get(header::CONTENT_TYPE) {
        Some(found) if found == wanted => Ok(()),
        _ => Err(Failure::WrongContentType(wanted)),
    }
}

fn input(request: Request) -> Result<Input, Failure> {
    let encoding = request.headers().get(header::CONTENT_ENCODING).cloned();
    let raw = StreamReader::new(request.into_body().into_data_stream().map_err(std::io::Error::other));
    match encoding.as_ref().map(HeaderValue::as_bytes) {
        None | Some(b"identity") => Ok(Box::pin(raw)),
        Some(b"gzip" | b"x-gzip") => Ok(Box::pin(BufReader::with_capacity(PIECE, GzipDecoder::new(raw)))),
        Some(_) => Err(Failure::UnknownEncoding),
    }
}

async fn permit(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Failure> {
    match tokio::time::timeout(PATIENCE, semaphore.clone().acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) | Err(_) => Err(Failure::Busy),
    }
}

fn answer(content_type: &'static str, body: Body) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")];
    (headers, body).into_response()
}
