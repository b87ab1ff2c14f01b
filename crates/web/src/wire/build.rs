use paas_db::builds::Build;
use paas_model::{BuildId, BuildState, BuildpackSource};
use paas_platform as wire;

use super::{buildpack, checksum};
use crate::state::Web;

/// `source_url`: where its source was uploaded, with the secret, which only the client that made it knows. `None` shows a URL
/// that names the source and opens nothing: without the credentials of one that is fetched.
pub(crate) fn build(web: &Web, build: &Build, source_url: Option<wire::Secret>) -> wire::Build {
    let reference = |id| wire::IdReference { id };
    let named = || web.url(&format!("/sources/{}", build.source_id));
    wire::Build {
        app: reference(build.app_id.uuid()),
        buildpacks: buildpacks(build),
        created_at: build.created_at.into(),
        generation: "cedar".to_owned(),
        id: build.id.uuid(),
        output_stream_url: output_stream_url(web, build.id),
        release: build.release_id.map(|id| reference(id.uuid())),
        slug: build.slug_id.map(|id| reference(id.uuid())),
        source_blob: wire::SourceBlob {
            checksum: build.source_checksum.as_deref().map(checksum),
            url: source_url.unwrap_or_else(|| wire::Secret::new(build.source_url.clone().unwrap_or_else(named))),
            version: build.version.clone(),
            version_description: build.version_description.clone(),
        },
        stages: build.stages.clone(),
        stack: build.stack.clone(),
        status: status(build.state),
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

/// A build has no exit status of its own, and one stream.
pub(crate) fn build_result(build: &Build, output: &str) -> wire::BuildResult {
    let line = |line: &str| wire::BuildResultLine { line: format!("{line}\n"), stream: "STDOUT".to_owned() };
    let status = status(build.state);
    wire::BuildResult {
        build: wire::BuildResultBuild { id: build.id.uuid(), status },
        exit_code: match status {
            wire::BuildStatus::Pending => None,
            wire::BuildStatus::Succeeded => Some(0),
            wire::BuildStatus::Failed => Some(1),
        },
        lines: output.lines().map(line).collect(),
    }
}

pub(crate) fn status(state: BuildState) -> wire::BuildStatus {
    match state {
        BuildState::Pending | BuildState::Building => wire::BuildStatus::Pending,
        BuildState::Succeeded => wire::BuildStatus::Succeeded,
        BuildState::Failed => wire::BuildStatus::Failed,
    }
}

pub(crate) fn output_stream_url(web: &Web, build: BuildId) -> wire::Secret {
    wire::Secret::new(web.url(&format!("/streams/builds/{}", web.ticket("builds", build.uuid()))))
}
