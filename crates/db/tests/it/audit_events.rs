use chrono::Utc;
use paas_db::audit_events::{self, AuditEnd, AuditFilter, NewAuditEvent};
use paas_model::AuditEventId;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn what_is_written_is_ended_once_and_never_changed() {
    let world = World::new().await;
    let pool = world.db().pool();
    let id = paas_db::new_id::<AuditEventId>();
    let event = NewAuditEvent {
        id,
        account: Some((world.owner, "owner@example.com".to_owned())),
        token: None,
        action: "app.create".to_owned(),
        app: None,
        method: "POST".to_owned(),
        path: "/apps".to_owned(),
        remote_address: None,
        request_id: None,
        detail: json!({"a": 1}),
    };
    audit_events::begin(pool, &event).await.unwrap();
    let refused = sqlx::query("update audit_events set detail = '{}'").execute(pool).await.unwrap_err();
    assert!(refused.to_string().contains("audit events are not changed"), "it is not ended by this: {refused}");
    let end = |status| AuditEnd { status, app: None, detail: json!({"b": 2}) };
    audit_events::end(pool, id, &end(201)).await.unwrap();
    audit_events::end(pool, id, &end(500)).await.unwrap();
    let filter = AuditFilter { limit: 10, ..AuditFilter::default() };
    let found = audit_events::list(pool, &filter).await.unwrap().remove(0);
    assert_eq!((found.status, found.detail), (Some(201), json!({"a": 1, "b": 2})));
    for statement in [
        "update audit_events set status = 200",
        "update audit_events set email = 'somebody@example.com'",
        "delete from audit_events",
        "truncate audit_events",
    ] {
        let refused = sqlx::query(statement).execute(pool).await.unwrap_err();
        assert!(refused.to_string().contains("audit events are not changed"), "{statement}: {refused}");
    }
    assert!(audit_events::forget(pool, Utc::now()).await.is_err(), "it is younger than 30 days");
    assert_eq!(audit_events::forget(pool, Utc::now() - chrono::TimeDelta::days(31)).await.unwrap(), 0);
    world.end().await;
}
