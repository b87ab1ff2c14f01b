use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::oauth_clients;
use paas_db::oauth_clients::Client;
use paas_platform as wire;
use secrecy::ExposeSecret;

use crate::{
    auth::Caller,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/oauth/clients", list).lists::<wire::OAuthClient>(),
        Endpoint::post("/oauth/clients", create)
            .takes::<wire::OAuthClientUpdate>()
            .returns::<wire::OAuthClient>(StatusCode::CREATED),
        Endpoint::get("/oauth/clients/{client}", info).returns::<wire::OAuthClient>(StatusCode::OK),
        Endpoint::patch("/oauth/clients/{client}", update)
            .takes::<wire::OAuthClientUpdate>()
            .returns::<wire::OAuthClient>(StatusCode::OK),
        Endpoint::delete("/oauth/clients/{client}", delete).returns::<wire::OAuthClient>(StatusCode::OK),
        Endpoint::post("/oauth/clients/{client}/actions/rotate-credentials", rotate)
            .takes_nothing()
            .returns::<wire::OAuthClient>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::OAuthClient>; 1] = [SortKey { name: "id", of: |client| Value::Text(client.id.to_string()) }];

async fn list(State(web): State<Web>, Caller(account): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = oauth_clients::list(&web.control, &account).await?;
    let shown = all.iter().map(|client| shown(&web, client)).collect::<Result<_, _>>()?;
    Ok(page(&headers, shown, &KEYS))
}

async fn create(
    State(web): State<Web>,
    Caller(account): Caller,
    JsonBody(body): JsonBody<wire::OAuthClientUpdate>,
) -> Result<Response, ApiError> {
    let (Some(name), Some(redirect_uri)) = (body.name, body.redirect_uri) else {
        return Err(ApiError::invalid("A client needs `name` and `redirect_uri`."));
    };
    let client = oauth_clients::create(&web.control, &account, &name, &redirect_uri).await?;
    Ok((StatusCode::CREATED, Json(shown(&web, &client)?)).into_response())
}

async fn info(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(id): Segment,
) -> Result<Json<wire::OAuthClient>, ApiError> {
    Ok(Json(shown(&web, &oauth_clients::find(&web.control, &account, &id).await?)?))
}

async fn update(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(id): Segment,
    JsonBody(body): JsonBody<wire::OAuthClientUpdate>,
) -> Result<Json<wire::OAuthClient>, ApiError> {
    let (name, uri) = (body.name.as_deref(), body.redirect_uri.as_deref());
    Ok(Json(shown(&web, &oauth_clients::update(&web.control, &account, &id, name, uri).await?)?))
}

async fn delete(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(id): Segment,
) -> Result<Json<wire::OAuthClient>, ApiError> {
    Ok(Json(shown(&web, &oauth_clients::delete(&web.control, &account, &id).await?)?))
}

async fn rotate(
    State(web): State<Web>,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<wire::OAuthClient>, ApiError> {
    Ok(Json(shown(&web, &oauth_clients::rotate(&web.control, &account, &id).await?)?))
}

fn shown(web: &Web, client: &Client) -> Result<wire::OAuthClient, ApiError> {
    let secret = oauth_clients::secret(&web.control, client)?;
    Ok(wire::OAuthClient {
        created_at: client.created_at.into(),
        id: client.id.uuid(),
        ignores_delinquent: None,
        name: client.name.clone(),
        redirect_uri: client.redirect_uri.clone(),
        secret: wire::Secret::new(secret.expose_secret()),
        updated_at: client.updated_at.into(),
    })
}
