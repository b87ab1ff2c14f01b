use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::collaborators;
use paas_model::Permission;
use paas_platform as wire;

use crate::{
    audit::Noted,
    auth::AppFor,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/apps/{app}/collaborators", list).lists::<wire::Collaborator>(),
        Endpoint::post("/apps/{app}/collaborators", create)
            .takes::<wire::CollaboratorCreate>()
            .returns::<wire::Collaborator>(StatusCode::CREATED),
        Endpoint::get("/apps/{app}/collaborators/{collaborator}", info).returns::<wire::Collaborator>(StatusCode::OK),
        Endpoint::patch("/apps/{app}/collaborators/{collaborator}", update)
            .takes::<wire::CollaboratorUpdate>()
            .returns::<wire::Collaborator>(StatusCode::OK),
        // Everybody may remove themselves.
        Endpoint::delete("/apps/{app}/collaborators/{collaborator}", remove)
            .needs(&[Permission::View])
            .returns::<wire::Collaborator>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::Collaborator>; 2] = [
    SortKey { name: "email", of: |collaborator| Value::Text(collaborator.user.email.clone()) },
    SortKey { name: "id", of: |collaborator| Value::Text(collaborator.id.to_string()) },
];

async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = collaborators::list(&web.control, &app).await?;
    Ok(page(&headers, all.iter().map(|member| shown::member(&app, member)).collect(), &KEYS))
}

async fn create(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    noted: Noted,
    JsonBody(body): JsonBody<wire::CollaboratorCreate>,
) -> Result<Response, ApiError> {
    let user = body.user.ok_or_else(|| ApiError::invalid("Say who: user is an e-mail address or an account's id."))?;
    noted.name("user", &user);
    noted.names("permissions", body.permissions.clone().unwrap_or_default());
    let made = collaborators::create(&web.control, &account, &app, &user, body.permissions).await?;
    Ok((StatusCode::CREATED, Json(shown::collaborator(&app, &made))).into_response())
}

async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(collaborator): Segment,
) -> Result<Json<wire::Collaborator>, ApiError> {
    Ok(Json(shown::member(&app, &collaborators::find(&web.control, &app, &collaborator).await?)))
}

async fn update(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    noted: Noted,
    Segment(collaborator): Segment,
    JsonBody(body): JsonBody<wire::CollaboratorUpdate>,
) -> Result<Json<wire::Collaborator>, ApiError> {
    noted.names("permissions", body.permissions.clone());
    let changed = collaborators::update(&web.control, &account, &app, &collaborator, body.permissions).await?;
    Ok(Json(shown::collaborator(&app, &changed)))
}

/// Answers with what they had.
async fn remove(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    Segment(collaborator): Segment,
) -> Result<Json<wire::Collaborator>, ApiError> {
    let was = collaborators::remove(&web.control, &account, &app, &collaborator).await?;
    Ok(Json(shown::collaborator(&app, &was)))
}
