use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// What stands behind the question mark.
pub(crate) struct QueryOf<T>(pub T);

impl<T: DeserializeOwned, S: Sync + Send> FromRequestParts<S> for QueryOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(refused) => Err(ApiError::invalid(format!("The query is wrong: {}.", refused.body_text()))),
        }
    }
}
