use paas_db::audit_events::AuditEvent;
use paas_platform as wire;

pub(crate) fn audit_event(event: &AuditEvent) -> wire::AuditEvent {
    let user = event.account_id.zip(event.email.clone());
    let app = event.app_id.zip(event.app_name.clone());
    wire::AuditEvent {
        action: event.action.clone(),
        app: app.map(|(id, name)| wire::AuditedApp { id: id.uuid(), name }),
        at: event.at.into(),
        detail: event.detail.clone(),
        ended_at: event.ended_at.map(Into::into),
        id: event.id.uuid(),
        method: event.method.clone(),
        path: event.path.clone(),
        remote_address: event.remote_address.clone(),
        request_id: event.request_id.clone(),
        status: event.status.and_then(|status| u16::try_from(status).ok()),
        token: event.token.clone(),
        user: user.map(|(id, email)| wire::UserReference { id: id.uuid(), email }),
    }
}
