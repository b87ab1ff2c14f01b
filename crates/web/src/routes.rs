//! What the API serves, one file per resource.

mod account;
mod accounts;
mod app_setups;
mod app_transfers;
mod apps;
mod audit_events;
mod bases;
mod browser_logins;
mod buildpack_installations;
mod buildpack_registry;
mod builds;
mod collaborators;
mod config_vars;
mod disk;
mod domains;
mod dyno_sizes;
mod dynos;
mod features;
mod filter_apps;
mod formation;
mod health;
mod home;
mod host_shells;
mod hosts;
mod invitations;
mod joining;
mod keys;
mod log_drains;
mod log_sessions;
mod nothing_yet;
mod oauth_authorizations;
mod oauth_clients;
mod oauth_sessions;
mod oauth_tokens;
mod openapi;
mod password_resets;
mod placement;
mod pools;
mod regions;
mod releases;
mod slug_contents;
mod slugs;
mod sni_endpoints;
mod sources;
mod stacks;
mod two_factor;
mod user_preferences;

use crate::{endpoint::Endpoint, streams};

pub(crate) fn all() -> Vec<Endpoint> {
    [
        account::endpoints(),
        app_transfers::endpoints(),
        app_setups::endpoints(),
        apps::endpoints(),
        audit_events::endpoints(),
        bases::endpoints(),
        accounts::endpoints(),
        browser_logins::endpoints(),
        buildpack_installations::endpoints(),
        buildpack_registry::endpoints(),
        builds::endpoints(),
        collaborators::endpoints(),
        config_vars::endpoints(),
        disk::endpoints(),
        domains::endpoints(),
        dyno_sizes::endpoints(),
        dynos::endpoints(),
        filter_apps::endpoints(),
        features::endpoints(),
        formation::endpoints(),
        health::endpoints(),
        home::endpoints(),
        host_shells::endpoints(),
        hosts::endpoints(),
        invitations::endpoints(),
        joining::endpoints(),
        log_drains::endpoints(),
        log_sessions::endpoints(),
        nothing_yet::endpoints(),
        openapi::endpoints(),
        keys::endpoints(),
        oauth_authorizations::endpoints(),
        oauth_clients::endpoints(),
        oauth_sessions::endpoints(),
        oauth_tokens::endpoints(),
        password_resets::endpoints(),
        placement::endpoints(),
        pools::endpoints(),
        regions::endpoints(),
        releases::endpoints(),
        slug_contents::endpoints(),
        slugs::endpoints(),
        sni_endpoints::endpoints(),
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
