//! What an app has exactly one of, where Heroku has lists.

use axum::{Json, extract::State, http::StatusCode};
use paas_platform::Timestamp;
use serde_json::{Value, json};

use crate::{auth::AppFor, endpoint::Endpoint, state::Web, wire as shown};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/apps/{app}/collaborators", collaborators).returns::<Value>(StatusCode::OK),
        Endpoint::get("/apps/{app}/domains", domains).returns::<Value>(StatusCode::OK),
    ]
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

/// The one that every app gets.
async fn domains(State(web): State<Web>, AppFor { app, .. }: AppFor) -> Json<Value> {
    let url = web.settings().app_url(&app.name);
    Json(json!([{
        "acm_status": null,
        "acm_status_reason": null,
        "app": shown::app_reference(&app),
        "cname": null,
        "created_at": Timestamp::from(app.created_at),
        "hostname": host_of(&url),
        "id": shown::named("domain", &app.id.to_string()).id,
        "kind": "heroku",
        "sni_endpoint": null,
        "status": "succeeded",
        "updated_at": Timestamp::from(app.updated_at),
    }]))
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_what_is_left_of_a_url() {
        assert_eq!(host_of("http://a.localhost:8080/"), "a.localhost");
        assert_eq!(host_of("https://a.example.com/"), "a.example.com");
    }
}
