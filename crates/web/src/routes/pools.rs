//! Groups of hosts that the platform launches and ends by itself; for the installation's owner.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::{
    pool_plan,
    pools::{self, PoolChange},
};
use paas_platform as wire;

use crate::{
    auth::ByOwner,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    query::QueryOf,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/pools", list).lists::<wire::Pool>(),
        Endpoint::post("/pools", create).takes::<wire::PoolUpdate>().returns::<wire::Pool>(StatusCode::CREATED),
        Endpoint::get("/pools/{pool}", info).returns::<wire::Pool>(StatusCode::OK),
        Endpoint::patch("/pools/{pool}", update).takes::<wire::PoolUpdate>().returns::<wire::Pool>(StatusCode::OK),
        Endpoint::delete("/pools/{pool}", delete).returns::<wire::Pool>(StatusCode::OK),
        Endpoint::get("/pools/{pool}/plan", plan)
            .asks::<wire::PoolPlanQuery>()
            .returns::<wire::PoolPlan>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::Pool>; 2] = [
    SortKey { name: "name", of: |pool| Value::Text(pool.name.clone()) },
    SortKey { name: "id", of: |pool| Value::Text(pool.id.to_string()) },
];

async fn list(State(web): State<Web>, ByOwner(owner): ByOwner, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = pools::list(&web.control, &owner).await?;
    Ok(page(&headers, all.iter().map(shown::pool).collect(), &KEYS))
}

async fn create(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    JsonBody(body): JsonBody<wire::PoolUpdate>,
) -> Result<Response, ApiError> {
    let made = pools::create(&web.control, &owner, change(body)).await?;
    Ok((StatusCode::CREATED, Json(shown::pool(&made))).into_response())
}

async fn info(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Segment(pool): Segment,
) -> Result<Json<wire::Pool>, ApiError> {
    Ok(Json(shown::pool(&pools::find(&web.control, &owner, &pool).await?)))
}

async fn update(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Segment(pool): Segment,
    JsonBody(body): JsonBody<wire::PoolUpdate>,
) -> Result<Json<wire::Pool>, ApiError> {
    Ok(Json(shown::pool(&pools::update(&web.control, &owner, &pool, change(body)).await?)))
}

/// Answers with the pool as it was.
async fn delete(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Segment(pool): Segment,
) -> Result<Json<wire::Pool>, ApiError> {
    Ok(Json(shown::pool(&pools::delete(&web.control, &owner, &pool).await?)))
}

async fn plan(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Segment(pool): Segment,
    QueryOf(query): QueryOf<wire::PoolPlanQuery>,
) -> Result<Json<wire::PoolPlan>, ApiError> {
    let types = query.types.map(|types| types.split(',').map(|name| name.trim().to_owned()).collect());
    let change = PoolChange { min: query.min, max: query.max, types, ..PoolChange::default() };
    Ok(Json(shown::pool_plan(pool_plan::plan(&web.control, &owner, &pool, change).await?)))
}

fn change(body: wire::PoolUpdate) -> PoolChange {
    PoolChange {
        name: body.name,
        min: body.min,
        max: body.max,
        labels: body.labels,
        types: body.types,
        zones: body.zones,
        purchase: body.purchase,
        image: body.image,
        replace_outdated: body.replace_outdated,
        subnets: body.subnets,
        security_groups: body.security_groups,
        key_name: body.key_name,
        instance_profile: body.instance_profile,
        disk_gb: body.disk_gb,
    }
}
