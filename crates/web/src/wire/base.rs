use paas_control::ops::rebase::Standing;
use paas_platform as wire;

use super::named;

pub(crate) fn base(standing: &Standing) -> wire::AppBase {
    let running = &standing.running;
    wire::AppBase {
        app: wire::AppReference { id: running.slug.app_id.uuid(), name: running.app_name.to_string() },
        description: running.description.clone(),
        newest: standing.base.as_ref().map(|base| base.newest.clone()),
        outdated: standing.base.as_ref().is_some_and(|base| base.is_outdated),
        stack: named("stack", &running.slug.stack),
        version: running.version.0,
    }
}
