//! The character NUL: PostgreSQL's text cannot hold it, nor can a process's environment. So nothing here takes it.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::error::ApiError;

/// Refuses addresses with it.
pub(crate) async fn refuse_nul(request: Request, next: Next) -> Response {
    let address = request.uri().path_and_query().map_or("", |address| address.as_str());
    if address.contains("%00") {
        return ApiError::bad_request("The address holds the character NUL (%00).").into_response();
    }
    next.run(request).await
}

/// Whether a string or a name in this JSON has it.
pub(crate) fn is_in(json: &[u8]) -> bool {
    // Otherwise it cannot be there, and no second parse is needed.
    let is_possible = json.windows(6).any(|letters| letters.eq_ignore_ascii_case(br"\u0000"));
    // What reads as a body, and as a value does not, is taken for one that hides it.
    is_possible && serde_json::from_slice::<Value>(json).map_or(true, |value| holds(&value))
}

fn holds(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds),
        Value::Object(map) => map.iter().any(|(name, value)| name.contains('\0') || holds(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_where_it_is_and_not_where_it_is_written_about() {
        for (json, want) in [
            (r#"{"a":["\u0000"]}"#, true),
            (r#"{"\u0000":1}"#, true),
            (r#"{"a":"\\u0000"}"#, false),
            (r#"{"a":"u0000"}"#, false),
            (r#"{"user":"a\u0000","more":1e999}"#, true),
            (r#"{"user":"a\u0000","more":"\ud800"}"#, true),
        ] {
            assert_eq!(is_in(json.as_bytes()), want, "{json}");
        }
    }
}
