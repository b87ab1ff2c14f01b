//! The platform's side of joining, as much as the script sees of it.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, Response, body::Incoming, header::AUTHORIZATION, service::service_fn};
use hyper_util::rt::TokioIo;
use paas_hosts::{join_command, render_join_script};
use paas_model::HostId;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::machine::Authority;

pub(crate) const TOKEN: &str = "joining-token_1";
pub(crate) const RENEWAL_TOKEN: &str = "renewal-token/2";
pub(crate) const REGISTRY: &str = "10.211.0.1:5050";

/// Signs what asks with [`TOKEN`]; stops with the value.
pub(crate) struct JoinStub {
    pub(crate) url: String,
    pub(crate) shared: Arc<Shared>,
    _serving: tokio::task::JoinSet<()>,
}

pub(crate) struct Shared {
    pub(crate) authority: Authority,
    pub(crate) host: HostId,
    url: String,
    /// How long the certificates last that it gives.
    pub(crate) days: AtomicU64,
    pub(crate) signed: AtomicU64,
}

impl JoinStub {
    /// `ip`: where it listens, as the joining machine sees it.
    pub(crate) async fn start(ip: IpAddr, host: HostId) -> Self {
        let authority = Authority::new();
        let (certificate, key) = authority.server(host, ip);
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind(SocketAddr::new(ip, 0)).await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (days, signed) = (AtomicU64::new(90), AtomicU64::new(0));
        let shared = Arc::new(Shared { authority, host, url: url.clone(), days, signed });
        let mut serving = tokio::task::JoinSet::new();
        serving.spawn(serve(listener, Arc::new(config).into(), Arc::clone(&shared)));
        Self { url, shared, _serving: serving }
    }

    /// The command that a person would paste.
    pub(crate) fn command(&self, token: &str) -> String {
        join_command(&self.url, &self.shared.authority.pem, token, &[])
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(|request| answer(&shared, request));
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Response<Full<bytes::Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let (status, text) = match (head.method, head.uri.path()) {
        (Method::GET, "/hosts/join.sh") => (200, render_join_script(&shared.url, &shared.authority.pem)),
        (Method::POST, "/hosts/join") => join(shared, &serde_json::from_slice(&body).unwrap()),
        (Method::POST, path) if path == format!("/hosts/{}/certificate", shared.host) => {
            let shown = head.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
            if shown == Some(format!("Bearer {RENEWAL_TOKEN}")) {
                let question: Value = serde_json::from_slice(&body).unwrap();
                (200, json!({ "certificate": sign(shared, &question, "10.211.0.1".parse().unwrap()) }).to_string())
            } else {
                (401, json!({ "id": "unauthorized", "message": "That is no host's token." }).to_string())
            }
        }
        _ => (404, json!({ "id": "not_found", "message": "There is nothing." }).to_string()),
    };
    Ok(Response::builder().status(status).body(Full::from(text)).unwrap())
}

fn join(shared: &Shared, question: &Value) -> (u16, String) {
    if question["token"] != TOKEN {
        return (401, json!({ "id": "unauthorized", "message": "The token \"x\" has been used." }).to_string());
    }
    let address = question["address"].as_str().unwrap().parse().unwrap();
    let answer = json!({
        "host_id": shared.host,
        "certificate": sign(shared, question, address),
        "ca": shared.authority.pem,
        "renewal_token": RENEWAL_TOKEN,
        "registry": { "address": REGISTRY, "ca": "-----REGISTRY'S CA-----\nline\n" },
    });
    (200, answer.to_string())
}

fn sign(shared: &Shared, question: &Value, address: IpAddr) -> String {
    shared.signed.fetch_add(1, Ordering::Relaxed);
    let csr = question["csr"].as_str().unwrap();
    shared.authority.sign_request(csr, shared.host, address, shared.days.load(Ordering::Relaxed))
}
