//! Which version of the API a client asks for. There is one, 3; Heroku's CLI asks for variants of it (`3.sdk`,
//! `3.pipelines`, …), which are supersets, and every answer here is the superset.

use axum::http::{HeaderMap, StatusCode, header};
use paas_platform::{MEDIA_TYPE, error_id};

use crate::error::ApiError;

/// A client that names no media type gets version 3: nothing else was ever served. One that names Heroku's has to say
/// which version of it.
///
/// # Errors
/// 406 `not_acceptable` when the client wants another version, or nothing that is JSON; 406 `missing_version`.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), ApiError> {
    let values = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<Range> = values.flat_map(|value| value.split(',')).map(range).collect();
    if ranges.is_empty() || ranges.contains(&Range::Ours) {
        return Ok(());
    }
    let (id, message) = match ranges.contains(&Range::NoVersion) {
        true => (error_id::MISSING_VERSION, "Please specify a version along with the API's media type."),
        false => (error_id::NOT_ACCEPTABLE, "This API answers with its version 3 only."),
    };
    let message = format!("{message} For example, `Accept: {MEDIA_TYPE}`.");
    Err(ApiError::new(StatusCode::NOT_ACCEPTABLE, id, message))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    Ours,
    NoVersion,
    Other,
}

fn range(text: &str) -> Range {
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    match kind.as_str() {
        "" | "*/*" | "application/*" | "application/json" => Range::Ours,
        "application/vnd.heroku+json" => match parts.find_map(|part| part.strip_prefix("version=")) {
            Some(version) if version == "3" || version.starts_with("3.") => Range::Ours,
            Some(_) => Range::Other,
            None => Range::NoVersion,
        },
        _ => Range::Other,
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
            "application/vnd.heroku+json, */*",
            "application/json",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "",
        ] {
            assert_eq!(status(accept), None, "{accept}");
        }
        assert_eq!(check(&HeaderMap::new()), Ok(()));
    }

    #[test]
    fn herokus_type_without_a_version_is_told_so() {
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("application/vnd.heroku+json"))]);
        assert_eq!(check(&headers).unwrap_err().id, "missing_version");
    }

    #[test]
    fn other_versions_and_types_are_not() {
        for accept in ["application/vnd.heroku+json; version=2", "application/vnd.heroku+json; version=30", "text/html"]
        {
            assert_eq!(status(accept), Some(StatusCode::NOT_ACCEPTABLE), "{accept}");
        }
    }
}
