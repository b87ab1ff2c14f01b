use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use paas_control::ops::stacks;
use paas_platform as wire;

use crate::{
    body::Segment,
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/stacks", list).lists::<wire::Stack>(),
        Endpoint::get("/stacks/{stack}", info).returns::<wire::Stack>(StatusCode::OK),
        Endpoint::get("/stacks/{stack}/sbom", sbom).returns_bytes(&[SBOM]),
        Endpoint::get("/apps/{app}/available-stacks", list).lists::<wire::Stack>(),
    ]
}

/// CycloneDX's own, of its JSON form.
const SBOM: &str = "application/vnd.cyclonedx+json";

const KEYS: [SortKey<wire::Stack>; 2] = [
    SortKey { name: "name", of: |stack| Value::Text(stack.name.clone()) },
    SortKey { name: "id", of: |stack| Value::Text(stack.id.to_string()) },
];

async fn list(State(web): State<Web>, headers: HeaderMap) -> Response {
    page(&headers, shown::stacks(&web), &KEYS)
}

async fn info(State(web): State<Web>, Segment(identity): Segment) -> Result<Json<wire::Stack>, ApiError> {
    shown::stack(&web, &identity).map(Json).ok_or_else(|| ApiError::not_found("stack"))
}

/// What is in the stack's run image, as that says itself.
async fn sbom(State(web): State<Web>, Segment(identity): Segment) -> Result<Response, ApiError> {
    let stack = shown::stack(&web, &identity).ok_or_else(|| ApiError::not_found("stack"))?;
    let sbom = stacks::sbom(&web.control, &stack.name).await?;
    Ok(([(header::CONTENT_TYPE, SBOM)], sbom).into_response())
}
