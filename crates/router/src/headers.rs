//! What headers say, and how they change on the way through (Heroku: HTTP routing, headers).

use std::net::IpAddr;

use chrono::Utc;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header, uri::PathAndQuery};

use crate::{access::Edge, errors::Failure};

pub(crate) const VIA: &str = "1.1 paas-router";
const SERVER: &str = "paas-router";
/// Longest request target, header line (name and value) and method (Heroku: HTTP request limits).
const MAX_LINE: usize = 8_192;
const MAX_NAME: usize = 1_000;
const MAX_METHOD: usize = 127;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const X_REQUEST_START: HeaderName = HeaderName::from_static("x-request-start");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Never passed on, in either direction.
const HOP_BY_HOP: [HeaderName; 5] = [
    header::CONNECTION,
    header::TE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
];

/// The host name that the request is for: lower case, without port. The authority of an absolute target comes before the
/// Host header, which it replaces.
///
/// # Errors
/// [`Failure::BadRequest`] where there is none, an empty one, or more than one.
pub(crate) fn host<B>(request: &mut Request<B>) -> Result<String, Failure> {
    if let Some(authority) = request.uri().authority() {
        let value = HeaderValue::from_str(authority.as_str()).map_err(|_| Failure::BadRequest)?;
        if request.headers().get_all(header::HOST).iter().count() > 1 {
            return Err(Failure::BadRequest);
        }
        request.headers_mut().insert(header::HOST, value);
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(Failure::BadRequest);
    };
    let host = host.to_str().map_err(|_| Failure::BadRequest)?;
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b':' | b'[' | b']');
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(Failure::BadRequest);
    }
    Ok(name.to_ascii_lowercase())
}

/// Turns away what must not reach an app. Bodies are framed by hyper, which has already refused lengths that differ,
/// lists of lengths, and encodings that do not end in `chunked`; here, anything but `chunked` alone goes.
///
/// # Errors
/// [`Failure::BadRequest`], [`Failure::ExpectationFailed`].
pub(crate) fn check<B>(request: &Request<B>) -> Result<(), Failure> {
    let method = request.method();
    if method == Method::CONNECT || method.as_str().len() > MAX_METHOD {
        return Err(Failure::BadRequest);
    }
    if request.uri().path_and_query().is_some_and(|target| target.as_str().len() > MAX_LINE) {
        return Err(Failure::BadRequest);
    }
    let too_long = |name: &HeaderName, value: &HeaderValue| {
        name.as_str().len() > MAX_NAME || name.as_str().len() + value.len() + 2 > MAX_LINE
    };
    let headers = request.headers();
    if headers.iter().any(|(name, value)| too_long(name, value)) {
        return Err(Failure::BadRequest);
    }
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(encoding) = encodings.next()
        && (!encoding.as_bytes().eq_ignore_ascii_case(b"chunked") || encodings.next().is_some())
    {
        return Err(Failure::BadRequest);
    }
    match headers.get(header::EXPECT).map(HeaderValue::as_bytes) {
        Some(expected) if !expected.is_empty() && !expected.eq_ignore_ascii_case(b"100-continue") => {
            Err(Failure::ExpectationFailed)
        }
        _ => Ok(()),
    }
}

/// Whether the client asks to leave HTTP for another protocol.
///
/// # Errors
/// [`Failure::BadRequest`] where `Connection: upgrade` names no protocol.
pub(crate) fn wants_upgrade<B>(request: &Request<B>) -> Result<bool, Failure> {
    if request.version() != Version::HTTP_11 || !has_token(request.headers(), "upgrade") {
        return Ok(false);
    }
    if request.headers().contains_key(header::UPGRADE) { Ok(true) } else { Err(Failure::BadRequest) }
}

/// The client's request id where it is 20 to 200 of `[A-Za-z0-9=+/-]` (Heroku: HTTP request ids), else a new one.
pub(crate) fn request_id(headers: &HeaderMap) -> String {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'=' | b'+' | b'/' | b'-');
    let given = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
    match given.filter(|id| (20..=200).contains(&id.len()) && id.bytes().all(allowed)) {
        Some(id) => id.to_owned(),
        // From the thread's own generator: no system call per request.
        None => uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string(),
    }
}

/// The addresses that the request came through, the peer's last: only that one can be trusted.
pub(crate) fn forwarded(headers: &HeaderMap, peer: IpAddr) -> String {
    append(headers, &X_FORWARDED_FOR, &peer.to_string())
}

/// Makes the client's request the dyno's.
pub(crate) fn to_dyno<B>(request: &mut Request<B>, edge: &Edge, forwarded: &str, request_id: &str, upgrade: bool) {
    *request.version_mut() = Version::HTTP_11;
    let target = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(target);
    let headers = request.headers_mut();
    remove_hop_by_hop(headers, upgrade);
    headers.remove(header::EXPECT);
    let via = append(headers, &header::VIA, VIA);
    let values = [
        (X_FORWARDED_FOR, forwarded),
        (X_FORWARDED_PROTO, if edge.tls.is_some() { "https" } else { "http" }),
        (X_FORWARDED_PORT, &edge.port.to_string()),
        (X_REQUEST_START, &Utc::now().timestamp_millis().to_string()),
        (X_REQUEST_ID, request_id),
        (header::VIA, &via),
    ];
    for (name, value) in values {
        // Every one of these was a header value before, or is made of digits.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}

/// Makes the dyno's response the client's.
pub(crate) fn to_client(headers: &mut HeaderMap, upgrade: bool) {
    remove_hop_by_hop(headers, upgrade);
    // How the body is framed for this client is hyper's to say.
    if headers.remove(header::TRANSFER_ENCODING).is_some() {
        headers.remove(header::CONTENT_LENGTH);
    }
    if let Ok(via) = HeaderValue::from_str(&append(headers, &header::VIA, VIA)) {
        headers.insert(header::VIA, via);
    }
    headers.entry(header::SERVER).or_insert(HeaderValue::from_static(SERVER));
}

fn remove_hop_by_hop(headers: &mut HeaderMap, upgrade: bool) {
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    if upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    } else {
        headers.remove(header::UPGRADE);
    }
}

/// The values of all headers of this name, and one more, as one list. Bytes that are not text are left out.
fn append(headers: &HeaderMap, name: &HeaderName, value: &str) -> String {
    let mut list = String::new();
    for given in headers.get_all(name).iter().filter_map(|given| given.to_str().ok()).filter(|given| !given.is_empty())
    {
        list.push_str(given);
        list.push_str(", ");
    }
    list.push_str(value);
    list
}

fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|given| given.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        headers
            .iter()
            .fold(Request::builder().uri("/"), |builder, (name, value)| builder.header(*name, *value))
            .body(())
            .unwrap()
    }

    #[test]
    fn the_host_is_a_name_in_lower_case_without_its_port() {
        for (given, want) in [
            ("App.Localhost:8080", Ok("app.localhost")),
            ("app.localhost.", Ok("app.localhost")),
            ("[::1]:80", Ok("[::1]")),
            ("", Err(Failure::BadRequest)),
            (":80", Err(Failure::BadRequest)),
            ("a b", Err(Failure::BadRequest)),
            ("a/b", Err(Failure::BadRequest)),
            ("user@app.localhost", Err(Failure::BadRequest)),
        ] {
            assert_eq!(host(&mut request(&[("host", given)])), want.map(str::to_owned), "{given:?}");
        }
        assert_eq!(host(&mut request(&[])), Err(Failure::BadRequest));
        assert_eq!(host(&mut request(&[("host", "a.test"), ("host", "a.test")])), Err(Failure::BadRequest));
    }

    #[test]
    fn an_absolute_target_names_the_host() {
        let mut request = request(&[("host", "other.test")]);
        *request.uri_mut() = Uri::from_static("http://app.test:8080/path");
        assert_eq!(host(&mut request).unwrap(), "app.test");
        assert_eq!(request.headers()["host"], "app.test:8080");
    }

    #[test]
    fn a_clients_request_id_is_kept_only_in_herokus_shape() {
        let kept = |id: &str| request_id(request(&[("x-request-id", id)]).headers()) == id;
        assert!(kept("12345678901234567890"));
        assert!(kept(&"aZ9=+/-a".repeat(25)));
        for bad in ["1234567890123456789", "1234567890123456789_", "1234567890123456789.", &"a".repeat(201)] {
            assert!(!kept(bad), "{bad}");
            let id = request_id(request(&[("x-request-id", bad)]).headers());
            assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 4);
        }
    }

    #[test]
    fn addresses_are_appended_on_the_right() {
        let headers = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2, 3.3.3.3")];
        assert_eq!(forwarded(request(&headers).headers(), [4, 4, 4, 4].into()), "1.1.1.1, 2.2.2.2, 3.3.3.3, 4.4.4.4");
    }

    #[test]
    fn only_one_expectation_is_met() {
        assert_eq!(check(&request(&[("expect", "100-Continue")])), Ok(()));
        assert_eq!(check(&request(&[("expect", "")])), Ok(()));
        assert_eq!(check(&request(&[("expect", "200-ok")])), Err(Failure::ExpectationFailed));
    }

    #[test]
    fn oversized_lines_and_odd_encodings_are_bad_requests() {
        let long = "x".repeat(MAX_LINE);
        assert_eq!(check(&request(&[("a", &long)])), Err(Failure::BadRequest));
        assert_eq!(check(&request(&[("a", &long[..MAX_LINE - 3])])), Ok(()));
        assert_eq!(check(&request(&[("transfer-encoding", "gzip, chunked")])), Err(Failure::BadRequest));
        assert_eq!(
            check(&request(&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")])),
            Err(Failure::BadRequest)
        );
    }

    #[test]
    fn an_upgrade_needs_a_protocol() {
        assert_eq!(wants_upgrade(&request(&[("upgrade", "websocket")])), Ok(false));
        assert_eq!(wants_upgrade(&request(&[("connection", "keep-alive, Upgrade"), ("upgrade", "x")])), Ok(true));
        assert_eq!(wants_upgrade(&request(&[("connection", "upgrade")])), Err(Failure::BadRequest));
    }
}
