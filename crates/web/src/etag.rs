use std::fmt::Write;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use paas_platform::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::ApiError;

/// Gives every JSON answer an `ETag`, one about a single thing its `Last-Modified`, and answers a `GET` whose `If-None-Match` names it with 304 (Heroku: "Platform API
/// reference", Caching). Streams are left alone.
pub(crate) async fn etag(request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let known = request.headers().get_all(header::IF_NONE_MATCH).into_iter().cloned().collect::<Vec<_>>();
    let response = next.run(request).await;
    if !response.status().is_success() || !is_json(response.headers()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Handlers make JSON in memory, so it is all there already.
    let Ok(bytes) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return ApiError::internal().into_response();
    };
    let tag = tag_of(&bytes);
    let matches = is_read && known.iter().any(|value| names(value, &tag));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    if let Some(value) = last_modified(&bytes) {
        parts.headers.insert(header::LAST_MODIFIED, value);
    }
    if matches {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json")
}

/// The `updated_at` of a single thing. Clients are to compare tags, which miss nothing.
fn last_modified(bytes: &[u8]) -> Option<HeaderValue> {
    #[derive(Deserialize)]
    struct Dated {
        updated_at: Timestamp,
    }
    // Anything else costs no parse.
    let dated: Dated = bytes.starts_with(b"{").then(|| serde_json::from_slice(bytes).ok())??;
    HeaderValue::from_str(&dated.updated_at.0.format("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
}

/// 32 hexadecimal digits in quotes, as Heroku's.
fn tag_of(bytes: &[u8]) -> String {
    let mut tag = String::from('"');
    for byte in &Sha256::digest(bytes)[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// Whether the value of an `If-Match` or `If-None-Match` has the tag.
pub(crate) fn names(value: &HeaderValue, tag: &str) -> bool {
    let Ok(list) = value.to_str() else { return false };
    list.split(',').map(str::trim).any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list_weak_or_not() {
        let tag = tag_of(b"{}");
        assert_eq!(tag.len(), 34);
        for (header, want) in [(format!("\"x\", W/{tag}"), true), ("*".to_owned(), true), ("\"x\"".to_owned(), false)] {
            assert_eq!(names(&HeaderValue::from_str(&header).unwrap(), &tag), want, "{header}");
        }
    }
}
