use paas_db::{apps::App, formations::Formation};
use paas_platform as wire;

use super::{app_reference, named};

pub(crate) fn formation(app: &App, formation: &Formation) -> wire::Formation {
    wire::Formation {
        app: app_reference(app),
        command: formation.command.clone(),
        created_at: formation.created_at.into(),
        dyno_size: named("dyno-size", formation.size.name()),
        id: formation.id.uuid(),
        quantity: formation.quantity,
        size: formation.size.name().to_owned(),
        kind: formation.kind.to_string(),
        updated_at: formation.updated_at.into(),
    }
}
