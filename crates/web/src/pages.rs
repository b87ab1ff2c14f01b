//! The few pages for browsers. They need no script, and no cookie: whoever sends a form types the password into it, so
//! there is nothing that another site's form could borrow.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use crate::error::ApiError;

/// `body` is HTML: whatever a user wrote in it went through [`escape`].
pub(crate) fn page(status: StatusCode, title: &str, body: &str) -> Response {
    page_to(status, title, body, "")
}

/// A page whose form may lead to another site in the end. `origin`: `https://example.com`.
pub(crate) fn page_to(status: StatusCode, title: &str, body: &str, origin: &str) -> Response {
    let title = escape(title);
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem; }}
label {{ display: block; margin: 1rem 0; }}
input {{ display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .4rem; }}
button {{ font: inherit; padding: .4rem 1rem; margin-right: .5rem; }}
.error {{ color: #b00; }}
</style>
<h1>{title}</h1>
{body}
</html>
"#
    );
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' {origin}; frame-ancestors 'none'; base-uri 'none'"
    );
    let policy = HeaderValue::from_str(&policy)
        .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, Html(html)).into_response()
}

/// What went wrong, above the form that is shown again.
pub(crate) fn complaint(error: Option<&ApiError>) -> String {
    error.map_or_else(String::new, |error| format!("<p class=\"error\">{}</p>\n", escape(&error.message)))
}

/// The fields of a login.
pub(crate) const LOGIN_FIELDS: &str = r#"<label>E-mail <input name="email" type="email" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<label>Two-factor code, if you have turned that on <input name="code" autocomplete="one-time-code"></label>
"#;

/// Browsers say where a form comes from; one of another site's is none of ours.
pub(crate) fn refuse_other_sites(headers: &HeaderMap) -> Result<(), ApiError> {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    match site {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", "This form was sent by another site.")),
    }
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
