use paas_db::dynos::Dyno;
use paas_model::{DynoKind, DynoState};
use paas_platform as wire;

/// `attach_url`: for the client that made it, once.
pub(crate) fn dyno(dyno: &Dyno, attach_url: Option<wire::Secret>) -> wire::Dyno {
    let has_ended = dyno.kind != DynoKind::Formation && dyno.state == DynoState::Gone;
    wire::Dyno {
        app: wire::AppReference { id: dyno.app_id.uuid(), name: dyno.app_name.to_string() },
        attach_url,
        command: dyno.command.clone(),
        created_at: dyno.created_at.into(),
        exit_code: dyno.exit_code.filter(|_| has_ended),
        host: dyno.host_id.map(|host| wire::IdReference { id: host.uuid() }),
        id: dyno.id.uuid(),
        name: dyno.name().to_string(),
        release: wire::DynoRelease { id: dyno.release_id.uuid(), version: dyno.release_version.0 },
        size: dyno.size.name().to_owned(),
        state: dyno.state.heroku().to_owned(),
        kind: dyno.process_type.to_string(),
        updated_at: dyno.updated_at.into(),
    }
}
