//! Commands of Heroku's CLI that are not started.

use crate::error::Error;

/// Topics and commands whose host is written into them, whatever the variables say.
const HARD_CODED: [(&str, &str); 13] = [
    ("apps:errors", "api.metrics.heroku.com"),
    ("apps:favorites", "particleboard.heroku.com"),
    ("ci:debug", "kolkrabbi.heroku.com"),
    ("ci:rerun", "kolkrabbi.heroku.com"),
    ("ci:run", "kolkrabbi.heroku.com"),
    ("dashboard", "particleboard.heroku.com and telex.heroku.com"),
    ("notifications", "telex.heroku.com"),
    ("pg:diagnose", "pgdiagnose.herokai.com"),
    ("pipelines:connect", "kolkrabbi.heroku.com"),
    ("pipelines:diff", "kolkrabbi.heroku.com"),
    ("pipelines:setup", "kolkrabbi.heroku.com"),
    ("ps:autoscale", "api.metrics.heroku.com"),
    ("reviewapps", "kolkrabbi.heroku.com"),
];

/// Commands about the login, which is not Heroku's CLI's here, with ours.
const OURS: [(&str, &str); 7] = [
    ("accounts", "`paas login --server` keeps a token for each server"),
    ("auth:login", "`paas login`"),
    ("auth:logout", "`paas logout`"),
    ("auth:token", "`paas auth:token`"),
    ("git:credentials", "`paas git:remote` connects a repository"),
    ("login", "`paas login`"),
    ("logout", "`paas logout`"),
];

/// # Errors
/// Where the command must not be run, and why.
pub(super) fn check(command: &str) -> Result<(), Error> {
    let is = |name: &str| command == name || command.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
    if let Some((_, host)) = HARD_CODED.iter().find(|(name, _)| is(name)) {
        return Err(Error::mistake(
            format!("heroku {command} asks {host}, which no setting changes: it would send the token to Heroku."),
            "this server has nothing that answers it",
        ));
    }
    match OURS.iter().find(|(name, _)| is(name)) {
        Some((_, ours)) => Err(Error::mistake(
            format!("heroku {command} would act on a token that is good for one run alone."),
            format!("instead: {ours}"),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn topics_are_refused_with_all_that_is_in_them_and_nothing_beside() {
        for command in [
            "dashboard",
            "apps:favorites",
            "apps:favorites:add",
            "ps:autoscale:enable",
            "login",
            "ci:run",
            "accounts:set",
        ] {
            assert!(check(command).is_err(), "{command}");
        }
        for command in ["apps", "ps", "ps:scale", "ci", "ci:info", "apps:info", "--version", ""] {
            assert!(check(command).is_ok(), "{command}");
        }
    }
}
