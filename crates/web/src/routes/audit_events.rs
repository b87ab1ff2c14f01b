//! Ours: who changed what, when and from where.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use paas_control::ops::audit::{self, AuditFilter};
use paas_db::audit_events::AuditEvent;
use paas_model::{AuditEventId, Permission};
use paas_platform::{self as wire, ListRange, Order};

use crate::{
    auth::{AppFor, ByOwner},
    endpoint::Endpoint,
    error::ApiError,
    query::QueryOf,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/audit", list).by_owner().asks::<wire::AuditQuery>().lists::<wire::AuditEvent>(),
        Endpoint::get("/apps/{app}/audit", list_of_app)
            .needs(&[Permission::Manage])
            .asks::<wire::AuditQuery>()
            .lists::<wire::AuditEvent>(),
    ]
}

/// Ids rise with time.
const KEYS: [SortKey<wire::AuditEvent>; 1] = [SortKey { name: "id", of: |event| Value::Text(event.id.to_string()) }];

async fn list(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    QueryOf(query): QueryOf<wire::AuditQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Ok(paged(&headers, &audit::list(&web.control, &owner, &filter(query, &headers)).await?))
}

async fn list_of_app(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    QueryOf(query): QueryOf<wire::AuditQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Ok(paged(&headers, &audit::list_of_app(&web.control, &app, filter(query, &headers)).await?))
}

/// One page and, so that it is known whether there is another, two more: where a page goes on after an event, that one is
/// read again.
fn filter(query: wire::AuditQuery, headers: &HeaderMap) -> AuditFilter {
    let range = ListRange::parse(headers.get(header::RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default());
    let bound = |text: Option<String>| text.and_then(|text| text.parse::<AuditEventId>().ok());
    let (first, last) = (bound(range.start.clone()), bound(range.end.clone()));
    let descending = range.order == Order::Descending;
    let (from, to) = if descending { (last, first) } else { (first, last) };
    AuditFilter {
        app: None,
        app_name: query.app,
        account: query.user,
        action: query.action,
        since: query.since.map(within),
        until: query.until.map(within),
        from,
        to,
        descending,
        limit: i64::from(range.page_size()) + 2,
    }
}

/// A time that the database can hold: there are no events from before, or after.
fn within(time: wire::Timestamp) -> DateTime<Utc> {
    let last = DateTime::UNIX_EPOCH + TimeDelta::days(365_000);
    time.0.clamp(DateTime::UNIX_EPOCH, last)
}

fn paged(headers: &HeaderMap, events: &[AuditEvent]) -> Response {
    page(headers, events.iter().map(shown::audit_event).collect(), &KEYS)
}
