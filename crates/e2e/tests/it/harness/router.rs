//! `paasd router`: a router in a process of its own.

use super::{
    Platform,
    client::{self, Answer},
    eventually,
    load::Load,
    role::Role,
    seconds,
};

/// It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Router {
    _role: Role,
    port: u16,
}

impl Router {
    pub(super) fn start(platform: &Platform, http: u16, https: u16) -> Self {
        let mut command = platform.paasd(&["router"]);
        command.env("DATABASE_URL", platform.database_url());
        command.env("PAAS_ROUTER_HTTP_LISTEN", format!("127.0.0.1:{http}"));
        command.env("PAAS_ROUTER_HTTPS_LISTEN", format!("127.0.0.1:{https}"));
        Self { _role: Role::start(&mut command), port: http }
    }

    /// Waits until an app's answer through it is good and contains `text`.
    #[track_caller]
    pub(crate) fn answers(&self, platform: &Platform, app: &str, text: &str) {
        eventually(&format!("{app} answers with {text:?}"), seconds(60), || {
            let answer = self.try_get(platform, app, "/").ok()?;
            (answer.status == 200 && answer.body.contains(text)).then_some(())
        });
    }

    pub(crate) fn try_get(&self, platform: &Platform, app: &str, path: &str) -> Result<Answer, String> {
        let (client, host) = (client::client(false), format!("{app}.localhost"));
        let answer = client::get(&client, self.port, &host, path);
        platform.runtime.block_on(answer).map_err(|error| client::kind(&error))
    }

    /// Clients that request `path` of an app through it until they are stopped.
    pub(crate) fn load(&self, platform: &Platform, clients: usize, app: &str, path: &str) -> Load {
        Load::start(&platform.runtime, clients, self.port, &format!("{app}.localhost"), path)
    }
}
