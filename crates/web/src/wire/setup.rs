use paas_db::setups::Setup;
use paas_model::SetupState;
use paas_platform as wire;

use super::{output_stream_url, status};
use crate::state::Web;

pub(crate) fn setup(web: &Web, setup: &Setup) -> wire::AppSetup {
    let build = setup.build_id.zip(setup.build_state());
    let output = setup.postdeploy_output.as_ref().zip(setup.postdeploy_exit_code);
    wire::AppSetup {
        app: wire::AppReference { id: setup.app_id.uuid(), name: setup.app_name.to_string() },
        build: build.map(|(id, state)| wire::AppSetupBuild {
            id: id.uuid(),
            output_stream_url: output_stream_url(web, id),
            status: status(state),
        }),
        created_at: setup.created_at.into(),
        failure_message: setup.failure_message.clone(),
        id: setup.id.uuid(),
        manifest_errors: setup.manifest_errors.clone(),
        postdeploy: output.map(|(output, exit_code)| wire::AppSetupPostdeploy { exit_code, output: output.clone() }),
        resolved_success_url: setup.success_url.clone(),
        status: match setup.state {
            SetupState::Pending | SetupState::Building | SetupState::Postdeploy => wire::AppSetupStatus::Pending,
            SetupState::Succeeded => wire::AppSetupStatus::Succeeded,
            SetupState::Failed => wire::AppSetupStatus::Failed,
        },
        updated_at: setup.updated_at.into(),
    }
}
