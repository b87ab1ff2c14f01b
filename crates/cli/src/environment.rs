use std::{env, path::PathBuf};

use paas_platform::Secret;

/// Every environment variable that paas reads, read once at the start.
///
/// Besides these, `NO_COLOR` (no colours) and `CLICOLOR_FORCE=1` (colours also in a pipe) are honoured by the library
/// that prints, `TZ` by the one that shows times, and `BROWSER` by `xdg-open`.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    /// `PAAS_SERVER`: the server, `https://HOST[:PORT]`. Stronger than the credentials file's `server`.
    pub(crate) server: Option<String>,
    /// `PAAS_API_KEY`: the token. Stronger than the credentials file's.
    pub(crate) api_key: Option<Secret>,
    /// `PAAS_APP`: the app, where neither `--app` nor `--remote` is given.
    pub(crate) app: Option<String>,
    /// `PAAS_CA`: file of the CA certificate (PEM) that the server's certificate is checked against.
    pub(crate) ca: Option<PathBuf>,
    /// `PAAS_CONFIG_DIR`: folder of `credentials.toml`; else `$XDG_CONFIG_HOME/paas`, else `~/.config/paas`.
    pub(crate) config_dir: Option<PathBuf>,
    /// `VISUAL`, else `EDITOR`: the command for `config:edit`, with arguments if it needs some; else `vi`.
    pub(crate) editor: Option<String>,
    /// `TERM`: passed on to `run`.
    pub(crate) term: Option<String>,
}

impl Environment {
    pub(crate) fn read() -> Self {
        // An empty variable is one that is not set.
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let xdg = path("XDG_CONFIG_HOME").map(|dir| dir.join("paas"));
        let home = || path("HOME").map(|dir| dir.join(".config/paas"));
        Self {
            server: text("PAAS_SERVER"),
            api_key: text("PAAS_API_KEY").map(Secret::new),
            app: text("PAAS_APP"),
            ca: path("PAAS_CA"),
            config_dir: path("PAAS_CONFIG_DIR").or(xdg).or_else(home),
            editor: text("VISUAL").or_else(|| text("EDITOR")),
            term: text("TERM"),
        }
    }
}
