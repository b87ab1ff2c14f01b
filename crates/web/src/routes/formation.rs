use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use paas_control::ops::formation::{self, Scale};
use paas_model::{DynoSize, Permission, ProcessType, UnknownDynoSize};
use paas_platform as wire;

use super::{dyno_sizes, dynos::process_type};
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
    let any = &[Permission::Deploy, Permission::Operate];
    vec![
        Endpoint::get("/apps/{app}/formation", list).lists::<wire::Formation>(),
        Endpoint::patch("/apps/{app}/formation", update)
            .needs(any)
            .takes::<wire::FormationBatchUpdate>()
            .returns::<Vec<wire::Formation>>(StatusCode::OK),
        Endpoint::get("/apps/{app}/formation/{type}", info).returns::<wire::Formation>(StatusCode::OK),
        Endpoint::patch("/apps/{app}/formation/{type}", update_one)
            .needs(any)
            .takes::<wire::FormationUpdate>()
            .returns::<wire::Formation>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::Formation>; 2] = [
    SortKey { name: "type", of: |formation| Value::Text(formation.kind.clone()) },
    SortKey { name: "id", of: |formation| Value::Text(formation.id.to_string()) },
];

async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = formation::list(&web.control, &app).await?;
    Ok(page(&headers, all.iter().map(|one| shown::formation(&app, one)).collect(), &KEYS))
}

async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(kind): Segment,
) -> Result<Json<wire::Formation>, ApiError> {
    let found = formation::find(&web.control, &app, &process_type(&kind)?).await?;
    Ok(Json(shown::formation(&app, &found)))
}

/// All changes or none. Answers with the whole formation.
async fn update(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    noted: Noted,
    JsonBody(body): JsonBody<wire::FormationBatchUpdate>,
) -> Result<Json<Vec<wire::Formation>>, ApiError> {
    noted.names("types", body.updates.iter().filter_map(|update| update.kind.clone()));
    let changes = body.updates.iter().map(|update| {
        let kind = update.kind.as_deref().ok_or_else(|| ApiError::invalid("Each update needs a type."))?;
        scale(process_type(kind)?, update)
    });
    let changes = changes.collect::<Result<Vec<_>, _>>()?;
    let all = formation::scale(&web.control, &account, &app, &changes).await?;
    Ok(Json(all.iter().map(|one| shown::formation(&app, one)).collect()))
}

async fn update_one(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    Segment(kind): Segment,
    JsonBody(update): JsonBody<wire::FormationUpdate>,
) -> Result<Json<wire::Formation>, ApiError> {
    let kind = process_type(&kind)?;
    let all = formation::scale(&web.control, &account, &app, &[scale(kind.clone(), &update)?]).await?;
    let found = all.iter().find(|one| one.kind == kind).ok_or_else(|| ApiError::not_found("formation"))?;
    Ok(Json(shown::formation(&app, found)))
}

fn scale(kind: ProcessType, update: &wire::FormationUpdate) -> Result<Scale, ApiError> {
    let quantity = update.quantity.as_ref().map(|quantity| quantity.to_string().parse()).transpose();
    let quantity = quantity.map_err(|error: paas_model::ScaleError| ApiError::invalid(error.to_string()))?;
    let size = size_of(update).map(|text| {
        let size = dyno_sizes::find(&text);
        size.ok_or_else(|| ApiError::invalid(UnknownDynoSize(text).to_string()))
    });
    let size: Option<DynoSize> = size.transpose()?;
    // A Docker image, say, is nothing that could be set here, and to answer as if it were would be a lie.
    if quantity.is_none() && size.is_none() {
        return Err(ApiError::invalid("An update needs a quantity or a size."));
    }
    Ok(Scale { kind, quantity, size })
}

fn size_of(update: &wire::FormationUpdate) -> Option<String> {
    update.size.clone().or_else(|| match update.dyno_size.as_ref()? {
        wire::DynoSizeChoice::Bare(text) => Some(text.clone()),
        wire::DynoSizeChoice::Object { id, name } => name.clone().or_else(|| id.map(|id| id.to_string())),
    })
}
