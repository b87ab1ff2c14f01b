use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, request::Parts},
};

use crate::{error::ApiError, state::Web};

/// The client's address; `None`: unknown. What a header says of it counts only behind a proxy that the operator trusts, as
/// anybody can write one.
pub(crate) struct Peer(pub Option<IpAddr>);

pub(crate) fn peer_of(web: &Web, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let lines = headers.get_all("x-forwarded-for").into_iter();
    let forwarded_for = lines.filter_map(|line| line.to_str().ok()).collect::<Vec<_>>().join(",");
    Some(web.settings().trusted_proxies.client(peer.ip(), &forwarded_for))
}

impl FromRequestParts<Web> for Peer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, ApiError> {
        Ok(Self(peer_of(web, &parts.extensions, &parts.headers)))
    }
}
