use axum::{extract::State, http::HeaderMap, response::Response};
use paas_control::ops::apps;
use paas_platform as wire;

use crate::{
    auth::Caller,
    body::JsonBody,
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::post("/filters/apps", filter).reads().takes::<wire::AppFilter>().lists::<wire::FilteredApp>()]
}

const KEYS: [SortKey<wire::FilteredApp>; 2] = [
    SortKey { name: "id", of: |found| Value::Text(found.app.id.to_string()) },
    SortKey { name: "name", of: |found| Value::Text(found.app.name.clone()) },
];

/// Those of the apps that are asked for which the account may see. The others are left out, like those that do not exist.
async fn filter(
    State(web): State<Web>,
    Caller(account): Caller,
    headers: HeaderMap,
    JsonBody(body): JsonBody<wire::AppFilter>,
) -> Result<Response, ApiError> {
    let among = body.among.ok_or_else(|| {
        ApiError::invalid(r#"Say which apps: {"in": {"id": […]}} or {"in": {"name": […]}}, or both."#)
    })?;
    let found = apps::among(&web.control, &account, &among.id, &among.name).await?;
    let shown = found.iter().map(|(app, joined)| wire::FilteredApp {
        app: shown::app(&web, app),
        joined: *joined,
        locked: false,
    });
    Ok(page(&headers, shown.collect(), &KEYS))
}
