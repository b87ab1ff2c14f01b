//! The git command, in the folder that paas was started in.

use std::{env, path::Path, process::Command};

use crate::{error::Error, server_url::ServerUrl};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) name: String,
    pub(crate) url: String,
}

/// Whether this folder is in a repository. Without git there is none.
pub(crate) fn in_repository() -> bool {
    git(&["rev-parse", "--git-dir"]).is_ok()
}

/// The remotes with the URLs that were written down, not those that `url.….insteadOf` makes of them. Empty outside of
/// a repository.
pub(crate) fn remotes() -> Result<Vec<Remote>, Error> {
    let listed = match git(&["config", "--null", "--get-regexp", r"^remote\..*\.url$"]) {
        Err(Error::ProgramFailed { .. }) => return Ok(Vec::new()),
        other => other?,
    };
    let remote = |entry: &str| {
        let (key, url) = entry.split_once('\n')?;
        let name = key.strip_prefix("remote.")?.strip_suffix(".url")?;
        Some(Remote { name: name.to_owned(), url: url.to_owned() })
    };
    Ok(listed.split('\0').filter_map(remote).collect())
}

/// One setting; `None` where it is not set.
pub(crate) fn config(key: &str) -> Result<Option<String>, Error> {
    match git(&["config", "--get", key]) {
        Ok(value) => Ok(Some(value.trim_end().to_owned())),
        Err(Error::ProgramFailed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Adds the remote, or gives it another URL.
pub(crate) fn set_remote(name: &str, url: &str) -> Result<(), Error> {
    let exists = remotes()?.iter().any(|remote| remote.name == name);
    let verb = if exists { "set-url" } else { "add" };
    git(&["remote", verb, "--", name, url]).map(drop)
}

pub(crate) fn remove_remote(name: &str) -> Result<(), Error> {
    git(&["remote", "remove", "--", name]).map(drop)
}

/// The settings that make git take credentials for `server` from paas.
pub(crate) fn credential_helper(server: &ServerUrl) -> Result<[(String, String); 2], Error> {
    let program = env::current_exe().map_err(|source| Error::Program { program: "paas".to_owned(), source })?;
    let key = format!("credential.{server}.helper");
    let helper = format!("!{} git:credentials", crate::shell::quote_always(&program.to_string_lossy()));
    // The empty entry shuts out helpers set elsewhere, which would store the token in their own way.
    Ok([(key.clone(), String::new()), (key, helper)])
}

/// Makes git take credentials for `server` from paas, and trust its CA: in this repository alone, for this server alone.
pub(crate) fn connect(server: &ServerUrl, ca: Option<&Path>) -> Result<(), Error> {
    let [(key, nothing), (_, helper)] = credential_helper(server)?;
    git(&["config", "--local", "--replace-all", &key, &nothing])?;
    git(&["config", "--local", "--add", &key, &helper])?;
    if let Some(ca) = ca {
        git(&["config", "--local", &format!("http.{server}/.sslCAInfo"), &ca.to_string_lossy()])?;
        // Where a company's proxy has GIT_SSL_CAINFO set, that overrules the setting above; the folder counts besides.
        // GnuTLS, which Debian's and Ubuntu's git have, takes every certificate in it.
        if let Some(directory) = ca.parent() {
            git(&["config", "--local", &format!("http.{server}/.sslCAPath"), &directory.to_string_lossy()])?;
        }
    }
    Ok(())
}

fn git(args: &[&str]) -> Result<String, Error> {
    let ran = Command::new("git").args(args).output();
    let output = ran.map_err(|source| Error::Program { program: "git".to_owned(), source })?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Error::ProgramFailed {
            program: format!("git {}", args.first().unwrap_or(&"")),
            message: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        }),
    }
}
