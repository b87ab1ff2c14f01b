use paas_control::ops::features::Feature;
use paas_db::apps::App;
use paas_platform as wire;

use super::named;
use crate::state::Web;

pub(crate) fn feature(web: &Web, app: &App, feature: &Feature) -> wire::Feature {
    let changed = feature.since.unwrap_or(app.created_at);
    wire::Feature {
        created_at: changed.into(),
        description: feature.kind.description.to_owned(),
        display_name: feature.kind.display_name.to_owned(),
        doc_url: web.url("/"),
        enabled: feature.since.is_some(),
        feedback_email: app.owner_email.clone(),
        id: named("feature", feature.kind.name).id,
        name: feature.kind.name.to_owned(),
        state: feature.kind.state.to_owned(),
        updated_at: changed.into(),
    }
}
