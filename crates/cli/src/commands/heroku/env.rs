use super::settings;
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
        let mut exports = settings::aimed_at(&server.origin(), server.host(), context.token()?.expose());
        if let Some(ca) = context.ca_path().and_then(|path| std::path::absolute(path).ok()) {
            exports.push(("NODE_EXTRA_CA_CERTS", ca.to_string_lossy().into_owned()));
        }
        exports.extend(settings::SILENT.map(|(name, value)| (name, value.to_owned())));
        exports
            .into_iter()
            .try_for_each(|(name, value)| context.printer.plain(format!("export {name}={}", shell::quote(&value))))
    }
}
