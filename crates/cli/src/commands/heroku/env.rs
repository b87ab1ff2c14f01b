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
        let ca = context.ca_path().and_then(|path| std::path::absolute(path).ok());
        let owned = |(name, value): (&str, String)| (name.to_owned(), value);
        let mut exports: Vec<_> = settings::aimed_at(&server.origin(), server.host(), context.token()?.expose())
            .into_iter()
            .chain(settings::past_proxies(server.host()))
            .chain(settings::SILENT.map(|(name, value)| (name, value.to_owned())))
            .map(owned)
            .collect();
        exports.extend(ca.iter().map(|ca| ("NODE_EXTRA_CA_CERTS".to_owned(), ca.to_string_lossy().into_owned())));
        exports.extend(settings::of_git(server, ca.as_deref(), &[]));
        // What an earlier shell has set would lead elsewhere, or add to what is sent.
        for name in settings::unwanted() {
            let name = name.to_string_lossy().into_owned();
            // Others no shell can have.
            let is_shells = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_shells && exports.iter().all(|(exported, _)| *exported != name) {
                context.printer.plain(format!("unset {name}"))?;
            }
        }
        exports
            .into_iter()
            .try_for_each(|(name, value)| context.printer.plain(format!("export {name}={}", shell::quote(&value))))
    }
}
