use paas_platform as wire;

use super::named;
use crate::state::Web;

/// By name or id.
pub(crate) fn stack(web: &Web, identity: &str) -> Option<wire::Stack> {
    stacks(web).into_iter().find(|stack| stack.name == identity || stack.id.to_string() == identity)
}

/// As configured; the first is the default.
pub(crate) fn stacks(web: &Web) -> Vec<wire::Stack> {
    let default = web.settings().default_stack();
    let shown = web.settings().stack_names().into_iter().map(|name| {
        let reference = named("stack", name);
        wire::Stack {
            created_at: web.started.into(),
            default: name == default,
            id: reference.id,
            name: reference.name,
            state: "public".to_owned(),
            updated_at: web.started.into(),
        }
    });
    shown.collect()
}
