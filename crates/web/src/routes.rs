//! What the API serves, one file per resource.

mod account;
mod apps;
mod buildpack_installations;
mod builds;
mod config_vars;
mod domains;
mod dyno_sizes;
mod dynos;
mod features;
mod formation;
mod health;
mod home;
mod host_shells;
mod hosts;
mod joining;
mod log_drains;
mod log_sessions;
mod nothing_yet;
mod of_app;
mod placement;
mod pools;
mod regions;
mod releases;
mod slugs;
mod sni_endpoints;
mod sources;
mod stacks;

use crate::{endpoint::Endpoint, streams};

pub(crate) fn all() -> Vec<Endpoint> {
    [
        account::endpoints(),
        apps::endpoints(),
        buildpack_installations::endpoints(),
        builds::endpoints(),
        config_vars::endpoints(),
        domains::endpoints(),
        dyno_sizes::endpoints(),
        dynos::endpoints(),
        features::endpoints(),
        formation::endpoints(),
        health::endpoints(),
        home::endpoints(),
        host_shells::endpoints(),
        hosts::endpoints(),
        joining::endpoints(),
        log_drains::endpoints(),
        log_sessions::endpoints(),
        nothing_yet::endpoints(),
        of_app::endpoints(),
        placement::endpoints(),
        pools::endpoints(),
        regions::endpoints(),
        releases::endpoints(),
        slugs::endpoints(),
        sni_endpoints::endpoints(),
        sources::endpoints(),
        stacks::endpoints(),
        streams::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
