use paas_db::apps::App;
use paas_platform as wire;

use super::named;
use crate::state::Web;

pub(crate) fn app(web: &Web, app: &App) -> wire::App {
    let bytes = |size: Option<i64>| size.and_then(|size| u64::try_from(size).ok());
    wire::App {
        acm: false,
        archived_at: None,
        build_stack: named("stack", &app.stack),
        buildpack_provided_description: app.buildpack_provided_description.clone(),
        create_status: "complete".to_owned(),
        created_at: app.created_at.into(),
        generation: named("generation", "cedar"),
        git_url: web.url(&format!("/{}.git", app.name)),
        id: app.id.uuid(),
        internal_routing: None,
        maintenance: app.maintenance,
        name: app.name.to_string(),
        organization: None,
        owner: wire::UserReference { id: app.owner_id.uuid(), email: app.owner_email.clone() },
        region: named("region", &web.config.region),
        released_at: app.released_at.map(Into::into),
        repo_size: bytes(app.repo_size),
        slug_size: bytes(app.slug_size),
        space: None,
        // What runs may be older than what was set.
        stack: named("stack", app.slug_stack.as_ref().unwrap_or(&app.stack)),
        team: None,
        updated_at: app.updated_at.into(),
        web_url: Some(web.settings().app_url(&app.name)),
    }
}
