use paas_db::{apps::App, releases::Release};
use paas_model::ReleaseState;
use paas_platform as wire;

use super::app_reference;
use crate::state::Web;

pub(crate) fn release(web: &Web, app: &App, release: &Release) -> wire::Release {
    let slug = release.slug_id.map(|id| wire::IdReference { id: id.uuid() });
    let output =
        || wire::Secret::new(web.url(&format!("/streams/releases/{}", web.ticket("releases", release.id.uuid()))));
    wire::Release {
        addon_plan_names: Vec::new(),
        app: app_reference(app),
        artifacts: slug.into_iter().map(|slug| wire::Artifact { id: slug.id, kind: "slug".to_owned() }).collect(),
        created_at: release.created_at.into(),
        current: release.current,
        description: release.description.clone(),
        eligible_for_rollback: release.state == ReleaseState::Succeeded && slug.is_some(),
        id: release.id.uuid(),
        output_stream_url: release.has_phase.then(output),
        slug,
        status: match release.state {
            ReleaseState::Pending | ReleaseState::RunningPhase => wire::ReleaseStatus::Pending,
            ReleaseState::Succeeded => wire::ReleaseStatus::Succeeded,
            ReleaseState::Failed => wire::ReleaseStatus::Failed,
        },
        updated_at: release.updated_at.into(),
        user: wire::UserReference { id: release.account_id.uuid(), email: release.account_email.clone() },
        version: release.version.0,
    }
}
