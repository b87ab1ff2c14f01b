//! The variables that Heroku's CLI aims by. Each address among them is Heroku's own where it is not set, and would get the
//! token.

/// `host`: of `origin`, which must be on loopback by the name `localhost` or `127.0.0.1`: to any other the CLI sends no
/// token, or goes on with Heroku's own API.
pub(super) fn aimed_at(origin: &str, host: &str, token: &str) -> Vec<(&'static str, String)> {
    let fixed = |name, value: &str| (name, value.to_owned());
    vec![
        fixed("HEROKU_HOST", origin),
        fixed("HEROKU_API_KEY", token),
        fixed("HEROKU_PARTICLEBOARD_URL", origin),
        // A name alone: scheme and port are those of HEROKU_HOST.
        fixed("HEROKU_DATA_HOST", host),
        fixed("HEROKU_BUILDPACK_REGISTRY_URL", origin),
        fixed("HEROKU_EXEC_URL", origin),
        fixed("HEROKU_LOGIN_HOST", origin),
        fixed("HEROKU_STATUS_HOST", origin),
    ]
}

/// No telemetry, no look-ups of newer versions: all of it goes to Heroku, the first with the token.
pub(super) const SILENT: [(&str, &str); 3] =
    [("DISABLE_TELEMETRY", "true"), ("HEROKU_SKIP_NEW_VERSION_CHECK", "1"), ("HEROKU_DISABLE_AUTOUPDATE", "1")];

/// The user's own settings that change what is shown and which app is meant, and no address.
pub(super) const HARMLESS: [&str; 9] = [
    "HEROKU_APP",
    "HEROKU_CACHE_DIR",
    "HEROKU_COLOR",
    "HEROKU_CONFIG_DIR",
    "HEROKU_DATA_DIR",
    "HEROKU_DEBUG",
    "HEROKU_DEBUG_HEADERS",
    "HEROKU_LOGS_COLOR",
    "HEROKU_LOG_STREAM_TIMEOUT",
];

/// Variables of other names that lead elsewhere, or switch off the check of certificates.
pub(super) const HARMFUL: [&str; 3] = ["NODE_TLS_REJECT_UNAUTHORIZED", "PGDIAGNOSE_URL", "SSO_URL"];
