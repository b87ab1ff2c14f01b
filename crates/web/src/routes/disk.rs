//! What takes the disks. Ours: Heroku tells nobody.

use axum::{Json, extract::State, http::StatusCode};
use paas_control::ops::disk;
use paas_platform as wire;

use crate::{auth::ByOwner, endpoint::Endpoint, error::ApiError, state::Web, wire as shown};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/disk", report).by_owner().returns::<wire::DiskReport>(StatusCode::OK)]
}

async fn report(State(web): State<Web>, ByOwner(owner): ByOwner) -> Result<Json<wire::DiskReport>, ApiError> {
    Ok(Json(shown::disk_report(disk::report(&web.control, &owner).await?)))
}
