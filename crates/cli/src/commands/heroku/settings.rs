//! The variables that Heroku's CLI aims by. Each address among them is Heroku's own where it is not set, and would get the
//! token.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
};

use crate::server_url::ServerUrl;

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
const HARMLESS: [&str; 11] = [
    "HEROKU_APP",
    "HEROKU_CACHE_DIR",
    "HEROKU_COLOR",
    "HEROKU_CONFIG_DIR",
    "HEROKU_DATA_DIR",
    "HEROKU_DEBUG",
    "HEROKU_DEBUG_HEADERS",
    "HEROKU_LOGS_COLOR",
    "HEROKU_LOG_STREAM_TIMEOUT",
    "HEROKU_NETRC_WRITE",
    "HEROKU_NOTIFICATIONS",
];

/// Variables of other names that lead elsewhere, or switch off the check of certificates.
const HARMFUL: [&str; 3] = ["NODE_TLS_REJECT_UNAUTHORIZED", "PGDIAGNOSE_URL", "SSO_URL"];

/// Those of the environment that Heroku's CLI must not see: whatever of Heroku's is not known to be harmless, for it may
/// name another host (`HEROKU_GIT_HOST`), send headers along (`HEROKU_HEADERS`), or ask for a team of Heroku's
/// (`HEROKU_TEAM`).
pub(super) fn unwanted() -> impl Iterator<Item = OsString> {
    let is_unwanted = |name: &OsStr| {
        let text = name.to_string_lossy();
        let elsewhere = text.starts_with("HEROKU_") && !HARMLESS.contains(&&*text);
        elsewhere || HARMFUL.contains(&&*text)
    };
    let mut names: Vec<_> = env::vars_os().map(|(name, _)| name).filter(|name| is_unwanted(name)).collect();
    names.sort();
    names.into_iter()
}

/// A proxy cannot reach this machine's loopback, and over plain HTTP it would get to read the token. Nothing where no
/// proxy is set.
pub(super) fn past_proxies(host: &str) -> Vec<(&'static str, String)> {
    let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    if proxies.iter().all(|name| env::var_os(name).is_none()) {
        return Vec::new();
    }
    // Programs read one of the two, and not all the same one.
    let names = ["NO_PROXY", "no_proxy"];
    let mut hosts = vec![host.to_owned()];
    for list in names.iter().filter_map(|name| env::var(name).ok()) {
        for other in list.split(',').map(str::trim).filter(|other| !other.is_empty()) {
            if !hosts.iter().any(|known| known == other) {
                hosts.push(other.to_owned());
            }
        }
    }
    names.map(|name| (name, hosts.join(","))).into()
}

/// What makes git trust the server's CA, for this server alone, whichever repository it is in: `git clone` and `git push`
/// that Heroku's CLI starts, or somebody by hand. Behind settings that are there already.
pub(super) fn of_git(server: &ServerUrl, ca: Option<&Path>, more: &[(String, String)]) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    if let Some(ca) = ca {
        settings.push((format!("http.{server}/.sslCAInfo"), ca.to_string_lossy().into_owned()));
        // As in `git::connect`: a GIT_SSL_CAINFO overrules the one above.
        let folder = ca.parent().map(|folder| folder.to_string_lossy().into_owned());
        settings.extend(folder.map(|folder| (format!("http.{server}/.sslCAPath"), folder)));
    }
    settings.extend(more.iter().cloned());
    let before: usize = env::var("GIT_CONFIG_COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(0);
    let variable = |name: &str, number: usize| env::var(format!("GIT_CONFIG_{name}_{number}")).unwrap_or_default();
    let known: Vec<_> = (0..before).map(|number| (variable("KEY", number), variable("VALUE", number))).collect();
    // The exports of an earlier time are not repeated.
    if known.ends_with(&settings) || settings.is_empty() {
        return Vec::new();
    }
    let mut variables = vec![("GIT_CONFIG_COUNT".to_owned(), (before + settings.len()).to_string())];
    for (number, (key, value)) in (before..).zip(settings) {
        variables.push((format!("GIT_CONFIG_KEY_{number}"), key));
        variables.push((format!("GIT_CONFIG_VALUE_{number}"), value));
    }
    variables
}
