//! What the API serves, one file per resource.

mod account;
mod accounts;
mod apps;
mod browser_logins;
mod buildpack_installations;
mod builds;
mod config_vars;
mod dyno_sizes;
mod dynos;
mod formation;
mod health;
mod home;
mod host_shells;
mod hosts;
mod invitations;
mod joining;
mod keys;
mod log_sessions;
mod nothing_yet;
mod oauth_authorizations;
mod oauth_clients;
mod oauth_sessions;
mod oauth_tokens;
mod of_app;
mod password_resets;
mod placement;
mod pools;
mod regions;
mod releases;
mod slugs;
mod sources;
mod stacks;
mod two_factor;
mod user_preferences;

use crate::{endpoint::Endpoint, streams};

pub(crate) fn all() -> Vec<Endpoint> {
    [
        account::endpoints(),
        accounts::endpoints(),
        apps::endpoints(),
        browser_logins::endpoints(),
        buildpack_installations::endpoints(),
        builds::endpoints(),
        config_vars::endpoints(),
        dyno_sizes::endpoints(),
        dynos::endpoints(),
        formation::endpoints(),
        health::endpoints(),
        home::endpoints(),
        host_shells::endpoints(),
        hosts::endpoints(),
        invitations::endpoints(),
        joining::endpoints(),
        keys::endpoints(),
        log_sessions::endpoints(),
        nothing_yet::endpoints(),
        oauth_authorizations::endpoints(),
        oauth_clients::endpoints(),
        oauth_sessions::endpoints(),
        oauth_tokens::endpoints(),
        of_app::endpoints(),
        password_resets::endpoints(),
        placement::endpoints(),
        pools::endpoints(),
        regions::endpoints(),
        releases::endpoints(),
        slugs::endpoints(),
        sources::endpoints(),
        stacks::endpoints(),
        streams::endpoints(),
        two_factor::endpoints(),
        user_preferences::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
