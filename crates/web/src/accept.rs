//! Which version of the API a client asks for. There is one, 3; Heroku's CLI asks for variants of it (`3.sdk`,
//! `3.pipelines`, …), which are supersets, and every answer here is the superset.

use axum::http::{HeaderMap, StatusCode, header};
use paas_platform::{MEDIA_TYPE, error_id};

use crate::error::ApiError;

/// A client that names no version gets version 3: nothing else was ever served.
///
/// # Errors
/// 406 `not_acceptable` when the client wants another version, or nothing that is JSON.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut ranges = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok()).peekable();
    if ranges.peek().is_none() || ranges.flat_map(|value| value.split(',')).any(is_ours) {
        return Ok(());
    }
    let message = format!("This API answers with its version 3 only. Ask for it with `Accept: {MEDIA_TYPE}`.");
    Err(ApiError::new(StatusCode::NOT_ACCEPTABLE, error_id::NOT_ACCEPTABLE, message))
}

fn is_ours(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    match kind.as_str() {
        "" | "*/*" | "application/*" | "application/json" => true,
        "application/vnd.heroku+json" => {
            let version = parts.find_map(|part| part.strip_prefix("version=")).unwrap_or("3");
            version == "3" || version.starts_with("3.")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn status(accept: &str) -> Option<StatusCode> {
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_str(accept).unwrap())]);
        check(&headers).err().map(|error| error.status)
    }

    #[test]
    fn every_variant_of_version_3_is_taken() {
        for accept in [
            "application/vnd.heroku+json; version=3",
            "application/vnd.heroku+json;version=3.sdk",
            "application/vnd.heroku+json; version=3.cedar-acm",
            "application/vnd.heroku+json",
            "application/json",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "",
        ] {
            assert_eq!(status(accept), None, "{accept}");
        }
        assert_eq!(check(&HeaderMap::new()), Ok(()));
    }

    #[test]
    fn other_versions_and_types_are_not() {
        for accept in ["application/vnd.heroku+json; version=2", "application/vnd.heroku+json; version=30", "text/html"]
        {
            assert_eq!(status(accept), Some(StatusCode::NOT_ACCEPTABLE), "{accept}");
        }
    }
}
