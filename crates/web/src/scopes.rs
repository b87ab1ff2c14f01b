//! Which scopes of a token an endpoint takes. What is not said here wants `global`, or reads or writes like most do.

use paas_model::Scope::{self, Global, Read, ReadProtected, Write, WriteProtected};

use crate::endpoint::Access;

/// Any of these opens the endpoint. `reads`: it changes nothing, whatever its verb.
pub(crate) fn accepted(reads: bool, path: &str, access: Access) -> &'static [Scope] {
    match () {
        () if reads && path == "/account" => &Scope::ALL,
        // Tokens, passwords and keys would let a token make itself into a mightier one; hosts give a root shell.
        () if access == Access::Owner || is_of_the_account(path) => &[Global],
        // Whoever may share an app lets another account into its config vars.
        () if !reads && path.starts_with("/apps/{app}/collaborators") => &[Global],
        () if reads && shows_config(path) => &[Global, ReadProtected, WriteProtected],
        () if shows_config(path) => &[Global, WriteProtected],
        () if reads => &[Global, Read, Write, ReadProtected, WriteProtected],
        () => &[Global, Write, WriteProtected],
    }
}

fn is_of_the_account(path: &str) -> bool {
    let reads_limits = path == "/account/rate-limits";
    let first = path.split('/').nth(1).unwrap_or_default();
    (["account", "accounts", "invitations", "oauth"].contains(&first) && !reads_limits) || path == "/users/{user}"
}

/// Config vars themselves, one-off dynos, which can print them, and log drains, whose URLs hold passwords.
fn shows_config(path: &str) -> bool {
    path.ends_with("/config-vars") || path == "/apps/{app}/dynos" || path.contains("/log-drains")
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;

    fn words(method: &Method, path: &str, access: Access) -> String {
        let words: Vec<_> = accepted(method == Method::GET, path, access).iter().map(|scope| scope.as_str()).collect();
        words.join(" ")
    }

    #[test]
    fn reading_takes_less_than_writing_and_config_vars_take_more() {
        let app = Access::App(&[]);
        for (method, path, access, want) in [
            (Method::GET, "/apps", Access::Account, "global read write read-protected write-protected"),
            (Method::POST, "/apps", Access::Account, "global write write-protected"),
            (Method::GET, "/apps/{app}/config-vars", app, "global read-protected write-protected"),
            (Method::PATCH, "/apps/{app}/config-vars", app, "global write-protected"),
            (Method::GET, "/apps/{app}/releases/{release}/config-vars", app, "global read-protected write-protected"),
            (Method::POST, "/apps/{app}/dynos", app, "global write-protected"),
            (Method::GET, "/apps/{app}/log-drains", app, "global read-protected write-protected"),
            (Method::GET, "/apps/{app}/log-drains/{drain}", app, "global read-protected write-protected"),
            (Method::POST, "/apps/{app}/log-drains", app, "global write-protected"),
            (Method::DELETE, "/apps/{app}/log-drains/{drain}", app, "global write-protected"),
            (Method::GET, "/account", Access::Account, "global identity read write read-protected write-protected"),
            (Method::PATCH, "/account", Access::Account, "global"),
            (Method::GET, "/oauth/authorizations", Access::Account, "global"),
            (Method::POST, "/account/keys", Access::Account, "global"),
            (Method::GET, "/hosts", Access::Owner, "global"),
            (Method::POST, "/apps/{app}/collaborators", app, "global"),
            (Method::PATCH, "/apps/{app}/collaborators/{collaborator}", app, "global"),
            (Method::GET, "/apps/{app}/collaborators", app, "global read write read-protected write-protected"),
        ] {
            assert_eq!(words(&method, path, access), want, "{method} {path}");
        }
    }
}
