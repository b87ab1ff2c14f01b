use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::apps::{self, AppChange, NewApp};
use paas_db::apps::App;
use paas_model::Permission;
use paas_platform as wire;

use super::account::check_self;
use crate::{
    audit::Noted,
    auth::{AppFor, Caller},
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/apps", list).lists::<wire::App>(),
        Endpoint::post("/apps", create).takes::<wire::AppCreate>().returns::<wire::App>(StatusCode::CREATED),
        Endpoint::get("/users/{user}/apps", list_of_user).lists::<wire::App>(),
        Endpoint::get("/apps/{app}", info).returns::<wire::App>(StatusCode::OK),
        // Which of them depends on what changes.
        Endpoint::patch("/apps/{app}", update)
            .needs(&[Permission::Deploy, Permission::Operate, Permission::Manage])
            .takes::<wire::AppUpdate>()
            .returns::<wire::App>(StatusCode::OK),
        Endpoint::delete("/apps/{app}", delete).returns::<wire::App>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::App>; 2] = [
    SortKey { name: "name", of: |app| Value::Text(app.name.clone()) },
    SortKey { name: "id", of: |app| Value::Text(app.id.to_string()) },
];

/// All that the account may see; for the installation's owner, every one.
async fn list(State(web): State<Web>, Caller(account): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    Ok(paged(&web, &headers, &apps::list_visible(&web.control, &account).await?))
}

/// Those that the account owns or is a collaborator of. `~` is oneself; other users' apps are nobody's business.
async fn list_of_user(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(user): Segment,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    check_self(&account, &user)?;
    Ok(paged(&web, &headers, &apps::list(&web.control, &account).await?))
}

fn paged(web: &Web, headers: &HeaderMap, apps: &[App]) -> Response {
    page(headers, apps.iter().map(|app| shown::app(web, app)).collect(), &KEYS)
}

async fn create(
    State(web): State<Web>,
    Caller(account): Caller,
    noted: Noted,
    JsonBody(body): JsonBody<wire::AppCreate>,
) -> Result<Response, ApiError> {
    if let Some(region) = &body.region {
        check_region(&web, region)?;
    }
    let new = NewApp { name: body.name, stack: body.stack.map(|stack| stack_name(&web, stack)) };
    let app = apps::create(&web.control, &account, new).await?;
    noted.app(app.id, &app.name);
    Ok((StatusCode::CREATED, Json(shown::app(&web, &app))).into_response())
}

async fn info(State(web): State<Web>, AppFor { app, .. }: AppFor) -> Json<wire::App> {
    Json(shown::app(&web, &app))
}

async fn update(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    JsonBody(body): JsonBody<wire::AppUpdate>,
) -> Result<Json<wire::App>, ApiError> {
    let stack = body.build_stack.map(|stack| stack_name(&web, stack));
    let change = AppChange { name: body.name, maintenance: body.maintenance, stack };
    let app = apps::update(&web.control, &account, &app, change).await?;
    Ok(Json(shown::app(&web, &app)))
}

/// Answers with the app as it was.
async fn delete(State(web): State<Web>, AppFor { app, .. }: AppFor) -> Result<Json<wire::App>, ApiError> {
    apps::delete(&web.control, &app).await?;
    Ok(Json(shown::app(&web, &app)))
}

fn check_region(web: &Web, identity: &str) -> Result<(), ApiError> {
    let region = shown::region(web);
    if identity == region.name || identity == region.id.to_string() {
        return Ok(());
    }
    Err(ApiError::invalid(format!("There is no region {identity}. Regions: {}.", region.name)))
}

/// What heroku3 asks for when its user asks for no stack: the name that Heroku's default had for years.
const ANY_STACK: &str = "cedar";

/// Clients may give a stack's id. What is neither id nor name is refused by the use-case.
pub(super) fn stack_name(web: &Web, identity: String) -> String {
    match shown::stack(web, &identity) {
        Some(stack) => stack.name,
        None if identity == ANY_STACK => web.settings().default_stack().to_owned(),
        None => identity,
    }
}
