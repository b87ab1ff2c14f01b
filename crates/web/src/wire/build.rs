use paas_db::builds::Build;
use paas_model::{BuildState, BuildpackSource};
use paas_platform as wire;

use super::buildpack;
use crate::state::Web;

/// `source_url`: where its source is, with the secret, which only the client that made it knows. `None` shows a URL that
/// names the source and opens nothing.
pub(crate) fn build(web: &Web, build: &Build, source_url: Option<wire::Secret>) -> wire::Build {
    let reference = |id| wire::IdReference { id };
    let named = web.url(&format!("/sources/{}", build.source_id));
    wire::Build {
        app: reference(build.app_id.uuid()),
        buildpacks: buildpacks(build),
        created_at: build.created_at.into(),
        generation: "cedar".to_owned(),
        id: build.id.uuid(),
        output_stream_url: wire::Secret::new(
            web.url(&format!("/streams/builds/{}", web.ticket("builds", build.id.uuid()))),
        ),
        release: build.release_id.map(|id| reference(id.uuid())),
        slug: build.slug_id.map(|id| reference(id.uuid())),
        source_blob: wire::SourceBlob {
            checksum: None,
            url: source_url.unwrap_or_else(|| wire::Secret::new(named)),
            version: build.version.clone(),
            version_description: build.version_description.clone(),
        },
        stack: build.stack.clone(),
        status: match build.state {
            BuildState::Pending | BuildState::Building => wire::BuildStatus::Pending,
            BuildState::Succeeded => wire::BuildStatus::Succeeded,
            BuildState::Failed => wire::BuildStatus::Failed,
        },
        updated_at: build.updated_at.into(),
        user: wire::UserReference { id: build.account_id.uuid(), email: build.account_email.clone() },
    }
}

/// Those that ran, or else those that were asked for.
fn buildpacks(build: &Build) -> Option<Vec<wire::Buildpack>> {
    if !build.buildpacks_used.is_empty() {
        let used = build.buildpacks_used.iter();
        let shown = used.map(|used| wire::Buildpack { name: Some(used.name.clone()), url: Some(used.url.clone()) });
        return Some(shown.collect());
    }
    let wanted = build.buildpacks.as_ref()?;
    Some(wanted.iter().filter_map(|url| BuildpackSource::parse(url).ok()).map(|source| buildpack(&source)).collect())
}
