//! What an app has exactly one of, where Heroku has lists.

use axum::Json;
use paas_platform::Timestamp;
use serde_json::{Value, json};

use crate::{auth::AppFor, endpoint::Endpoint, wire as shown};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/apps/{app}/collaborators", collaborators)]
}

/// The owner: access cannot be shared.
async fn collaborators(AppFor { app, .. }: AppFor) -> Json<Value> {
    Json(json!([{
        "app": shown::app_reference(&app),
        "created_at": Timestamp::from(app.created_at),
        "id": shown::named("collaborator", &format!("{} {}", app.id, app.owner_id)).id,
        "permissions": [],
        "role": "owner",
        "updated_at": Timestamp::from(app.created_at),
        "user": { "id": app.owner_id.uuid(), "email": app.owner_email, "federated": false },
    }]))
}
