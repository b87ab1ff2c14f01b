use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use paas_db::{accounts::Account, app_features, apps::App};

use crate::{Control, OpError};

/// Dynos learn of their app and release from their environment (Heroku: dyno metadata).
pub(crate) const DYNO_METADATA: &str = "runtime-dyno-metadata";

/// What can be switched, or what Heroku's clients ask after and is always so.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    pub display_name: &'static str,
    pub description: &'static str,
    /// Heroku's word: `general` is in `features`, all else in `labs`.
    pub state: &'static str,
    /// It is how this platform works, and cannot be switched off.
    pub is_fixed: bool,
}

const KINDS: [Kind; 2] = [
    Kind {
        name: "preboot",
        display_name: "Preboot",
        description: "New web dynos take over only when they are up. Always so here.",
        state: "general",
        is_fixed: true,
    },
    Kind {
        name: DYNO_METADATA,
        display_name: "Dyno Metadata",
        description: "HEROKU_* variables with the app's and the release's particulars in every dyno that starts.",
        state: "public",
        is_fixed: false,
    },
];

/// Heroku's, which have no counterpart here: rather a refusal than a yes that does nothing.
const NOT_BUILT: [&str; 5] = [
    "http-session-affinity",
    "log-runtime-metrics",
    "runtime-dyno-build-metadata",
    "runtime-heroku-exec",
    "runtime-heroku-metrics",
];

/// A feature of an app.
#[derive(Debug)]
pub struct Feature {
    pub kind: &'static Kind,
    /// `None`: it is off.
    pub since: Option<DateTime<Utc>>,
}

/// By name.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, app: &App) -> Result<Vec<Feature>, OpError> {
    let enabled: BTreeMap<_, _> = app_features::enabled(control.db.pool(), app.id).await?.into_iter().collect();
    let feature = |kind: &'static Kind| {
        let fixed = kind.is_fixed.then_some(app.created_at);
        Feature { kind, since: fixed.or_else(|| enabled.get(kind.name).copied()) }
    };
    Ok(KINDS.iter().map(feature).collect())
}

/// `is_meant`: by name or id.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, app: &App, is_meant: impl Fn(&Kind) -> bool) -> Result<Feature, OpError> {
    let found = list(control, app).await?.into_iter().find(|feature| is_meant(feature.kind));
    found.ok_or_else(|| OpError::not_found("feature"))
}

/// Switches it; dynos that start afterwards have it.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`] for what is always on, and for Heroku's that are not built.
pub async fn switch(
    control: &Control,
    account: &Account,
    app: &App,
    identity: &str,
    is_meant: impl Fn(&Kind) -> bool,
    enable: bool,
) -> Result<Feature, OpError> {
    if NOT_BUILT.contains(&identity) {
        return Err(OpError::Invalid(format!("{identity} is not available on this platform.")));
    }
    let feature = find(control, app, &is_meant).await?;
    let name = feature.kind.name;
    if feature.kind.is_fixed {
        return match enable {
            true => Ok(feature),
            false => Err(OpError::Invalid(format!("{name} is always on here and cannot be disabled."))),
        };
    }
    let done = if enable {
        app_features::enable(control.db.pool(), app.id, name).await?;
        "Enable"
    } else {
        app_features::disable(control.db.pool(), app.id, name).await?;
        "Disable"
    };
    control.logs.app_event(app.id, "api", format!("{done} {name} feature by user {}", account.email));
    find(control, app, is_meant).await
}
