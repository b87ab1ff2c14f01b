use crate::{context::Context, error::Error, shell};

/// Print the exports that aim Heroku's own CLI at this server: eval "$(paas heroku:env)"
#[derive(Debug, clap::Args)]
pub(crate) struct Env {}

impl Env {
    /// Only for a server on loopback. Heroku's CLI takes any other address for a mistake, says so in passing, and goes
    /// on with api.heroku.com, to which it would then send our token.
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let server = &context.server;
        // Heroku's CLI knows loopback by these two names alone, and sends a token to no other.
        if !matches!(server.host(), "localhost" | "127.0.0.1") {
            return Err(Error::mistake(
                format!("Heroku's CLI cannot be aimed at {server}: it would send your token to Heroku instead."),
                "forward a port of this machine to the server (ssh -L 5443:localhost:5443 HOST) and log in to https://localhost:5443",
            ));
        }
        let url = server.origin();
        let mut exports = vec![
            ("HEROKU_HOST", url.clone()),
            ("HEROKU_API_KEY", context.token()?.expose().to_owned()),
            // Each of these is an address of Heroku's that would get the token otherwise.
            ("HEROKU_PARTICLEBOARD_URL", url.clone()),
            ("HEROKU_DATA_HOST", server.host().to_owned()),
            ("HEROKU_BUILDPACK_REGISTRY_URL", url.clone()),
            ("HEROKU_EXEC_URL", url.clone()),
            ("HEROKU_LOGIN_HOST", url.clone()),
            ("HEROKU_STATUS_HOST", url),
        ];
        if let Some(ca) = context.ca_path().and_then(|path| std::path::absolute(path).ok()) {
            exports.push(("NODE_EXTRA_CA_CERTS", ca.to_string_lossy().into_owned()));
        }
        exports.extend([
            ("DISABLE_TELEMETRY", "true".to_owned()),
            ("HEROKU_SKIP_NEW_VERSION_CHECK", "1".to_owned()),
            ("HEROKU_DISABLE_AUTOUPDATE", "1".to_owned()),
        ]);
        exports
            .into_iter()
            .try_for_each(|(name, value)| context.printer.plain(format!("export {name}={}", shell::quote(&value))))
    }
}
