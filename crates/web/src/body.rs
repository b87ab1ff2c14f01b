use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, RawPathParams, Request},
    http::request::Parts,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::{audit::Noted, auth::undecodable, error::ApiError, nul};

/// Most bytes of a JSON body. Config vars, the largest thing in one, are 32 KB at most.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// A request's JSON. An absent body is `{}`, and the content type is not looked at: clients forget both.
pub(crate) struct JsonBody<T, const AT_MOST: usize = MAX_BYTES>(pub T);

impl<T: DeserializeOwned, S: Sync, const AT_MOST: usize> FromRequest<S> for JsonBody<T, AT_MOST> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let noted = request.extensions().get::<Noted>().cloned();
        let bytes = read(request.into_body(), AT_MOST).await?;
        if let Some(noted) = noted {
            noted.fields_of(&bytes);
        }
        let text = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes.as_slice() };
        parse(text).map(Self)
    }
}

/// Most bytes of a form. The longest thing in one is a password.
const MAX_FORM_BYTES: usize = 16 << 10;

/// The fields of an HTML form. Of two with the same name the last one counts.
pub(crate) struct FormBody(pub BTreeMap<String, String>);

impl<S: Sync> FromRequest<S> for FormBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = read(request.into_body(), MAX_FORM_BYTES).await?;
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(&bytes).into_owned().collect();
        if form.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(ApiError::invalid("The form holds the character NUL (%00)."));
        }
        Ok(Self(form))
    }
}

/// The last variable part of the path.
pub(crate) struct Segment(pub String);

impl<S: Sync + Send> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| undecodable())?;
        let last = params.iter().last().map(|(_, value)| Self(value.to_owned()));
        last.ok_or_else(ApiError::no_such_endpoint)
    }
}

pub(crate) async fn read(body: Body, at_most: usize) -> Result<Vec<u8>, ApiError> {
    match Limited::new(body, at_most).collect().await {
        Ok(collected) => Ok(collected.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(ApiError::too_large(format!("The request's body is over {at_most} bytes.")))
        }
        Err(_) => Err(ApiError::bad_request("The request's body broke off.")),
    }
}

fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            // A type error; the position says little to somebody whose program wrote the JSON.
            Category::Data => ApiError::invalid(described(&path, &inner.to_string())),
            Category::Syntax | Category::Eof | Category::Io => malformed(&inner),
        }
    })?;
    deserializer.end().map_err(|error| malformed(&error))?;
    if nul::is_in(text) {
        return Err(ApiError::invalid("The request's body holds the character NUL (\\u0000)."));
    }
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::bad_request(format!("The request's body is not JSON: {error}."))
}

/// `updates[0].quantity: invalid type: …` without `at line 1 column 2`.
fn described(path: &str, error: &str) -> String {
    let reason = error.rsplit_once(" at line ").map_or(error, |(reason, _)| reason);
    if path == "." { format!("The body is wrong: {reason}.") } else { format!("{path} is wrong: {reason}.") }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use paas_platform::{AppCreate, ConfigVarsUpdate, FormationBatchUpdate};

    use super::*;

    fn error<T: DeserializeOwned>(text: &str) -> (StatusCode, String) {
        let error = parse::<T>(text.as_bytes()).err().unwrap();
        (error.status, error.message)
    }

    #[test]
    fn what_is_no_json_is_a_bad_request() {
        for text in ["{", "{\"a\"}", "{} {}", "\u{1}"] {
            assert_eq!(error::<AppCreate>(text).0, StatusCode::BAD_REQUEST, "{text}");
        }
    }

    #[test]
    fn a_wrong_type_says_where() {
        let (status, message) = error::<FormationBatchUpdate>(r#"{"updates":[{"type":5}]}"#);
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(message, "updates[0].type is wrong: invalid type: integer `5`, expected a string.");
        assert_eq!(error::<ConfigVarsUpdate>("[]").0, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
