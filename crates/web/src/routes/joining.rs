//! What machines call, which have no account: each call brings a secret of its own.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use paas_control::ops::joining::{self, JoinRequest};
use paas_platform as wire;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    auth::token_of,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    state::Web,
};

/// Most bytes of what a machine sends: a certificate request is a tenth of it.
const MAX_BYTES: usize = 32 << 10;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/hosts/join.sh", script).open().returns_bytes(&["text/x-shellscript; charset=utf-8"]),
        Endpoint::post("/hosts/join", join)
            .for_machines()
            .takes::<wire::HostJoin>()
            .returns::<wire::HostJoined>(StatusCode::CREATED),
        Endpoint::post("/hosts/{host}/certificate", renew)
            .for_machines()
            .takes::<wire::HostRenew>()
            .returns::<wire::HostRenewed>(StatusCode::OK),
    ]
}

async fn script(State(web): State<Web>) -> Response {
    let as_text = [(header::CONTENT_TYPE, HeaderValue::from_static("text/x-shellscript; charset=utf-8"))];
    (as_text, joining::script(&web.control)).into_response()
}

async fn join(
    State(web): State<Web>,
    JsonBody(body): JsonBody<wire::HostJoin, MAX_BYTES>,
) -> Result<Response, ApiError> {
    let request = JoinRequest {
        token: SecretString::from(body.token.expose()),
        csr: body.csr,
        name: body.name,
        address: body.address,
        machine_id: body.machine_id,
        zone: body.zone,
    };
    let joined = joining::join(&web.control, request).await?;
    let registry =
        wire::HostRegistry { address: joined.registry.address, ca: joined.registry.is_ours.then(|| joined.ca.clone()) };
    let answer = wire::HostJoined {
        ca: joined.ca,
        certificate: joined.certificate,
        host_id: joined.host.uuid(),
        registry,
        renewal_token: wire::Secret::new(joined.renewal_token.expose_secret()),
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

async fn renew(
    State(web): State<Web>,
    headers: HeaderMap,
    Segment(host): Segment,
    JsonBody(body): JsonBody<wire::HostRenew, MAX_BYTES>,
) -> Result<Json<wire::HostRenewed>, ApiError> {
    let secret = token_of(&headers).unwrap_or_default();
    let renewed = joining::renew(&web.control, &host, &secret, &body.csr).await?;
    Ok(Json(wire::HostRenewed { ca: renewed.ca, certificate: renewed.certificate }))
}
