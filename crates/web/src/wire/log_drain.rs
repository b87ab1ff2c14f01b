use paas_db::{apps::App, log_drains::LogDrain};
use paas_platform as wire;
use secrecy::ExposeSecret;

use super::app_reference;

pub(crate) fn log_drain(app: &App, drain: &LogDrain) -> wire::LogDrain {
    wire::LogDrain {
        addon: None,
        app: app_reference(app),
        created_at: drain.created_at.into(),
        id: drain.id.uuid(),
        token: drain.token.clone(),
        updated_at: drain.updated_at.into(),
        url: wire::Secret::new(drain.url.expose_secret()),
    }
}
