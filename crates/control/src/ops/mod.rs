//! The use-cases. Each takes the handle and who asks, checks the right, does one transaction, and writes the line that
//! the app's owner sees in the log.

pub mod access;
pub mod accounts;
pub mod app_transfers;
pub mod apps;
pub mod attach;
pub mod audit;
pub mod authorizations;
pub mod browser_logins;
pub mod buildpacks;
pub mod builds;
pub mod collaborators;
pub mod config;
pub mod disk;
pub mod domains;
pub mod drains;
pub mod dynos;
pub mod explain;
pub mod features;
pub mod formation;
pub mod hosts;
pub mod invitations;
pub mod joining;
pub mod keys;
pub mod log_sessions;
pub mod logins;
pub mod oauth_clients;
pub mod oauth_tokens;
pub mod password_resets;
pub mod placement;
pub(crate) mod pool_check;
pub mod pool_plan;
pub mod pools;
pub mod rebase;
pub mod releases;
pub mod setups;
pub mod shells;
pub mod slug_contents;
pub mod slugs;
pub mod sni_endpoints;
pub mod sources;
pub mod stacks;
pub mod two_factor;
pub mod user_preferences;

use paas_model::{Labels, parse_label};

use crate::OpError;

/// Most labels of one thing.
const MAX_LABELS: usize = 50;

/// Whether it is one of the names that a provider gives to things: types, zones, images, groups.
pub(crate) fn is_providers_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.:/".contains(&c))
}

pub(crate) fn check_labels(labels: &Labels) -> Result<(), OpError> {
    if labels.len() > MAX_LABELS {
        return Err(OpError::Invalid(format!("These are {} labels; {MAX_LABELS} are the most.", labels.len())));
    }
    for (key, value) in labels {
        parse_label(&format!("{key}={value}")).map_err(OpError::invalid)?;
    }
    Ok(())
}
