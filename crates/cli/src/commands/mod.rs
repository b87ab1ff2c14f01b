//! One file a command, filed by topic: `config:set` is `config/set.rs`.

mod apps;
mod auth;
mod buildpacks;
mod builds;
mod completion;
mod config;
mod git;
mod heroku;
mod hosts;
mod logs;
mod maintenance;
mod pools;
mod ps;
mod regions;
mod releases;
mod run;
mod stacks;

use std::process::ExitCode;

use clap::Subcommand;

use crate::{context::Context, error::Error};

/// Lists the commands once: name, other names, where it is.
macro_rules! commands {
    ($($(#[$attribute:meta])* $variant:ident($args:ty) = $name:literal $([$($alias:literal),+])?,)+) => {
        #[derive(Debug, Subcommand)]
        pub(crate) enum Command {
            $(
                $(#[$attribute])*
                #[command(name = $name $(, aliases = [$($alias),+])?)]
                $variant($args),
            )+
        }

        impl Command {
            pub(crate) async fn run(self, mut context: Context) -> Result<ExitCode, Error> {
                let result = match self {
                    $(Self::$variant(command) => Box::pin(command.run(&mut context)).await.map(IntoExitCode::into_exit_code),)+
                };
                context.print_warnings();
                result
            }
        }
    };
}

commands! {
    AppsList(apps::list::List) = "apps" ["apps:list"],
    AppsCanary(apps::canary::Canary) = "apps:canary",
    AppsCreate(apps::create::Create) = "create" ["apps:create"],
    AppsDestroy(apps::destroy::Destroy) = "destroy" ["apps:destroy", "apps:delete"],
    AppsHealth(apps::health::Health) = "apps:health",
    AppsInfo(apps::info::Info) = "info" ["apps:info"],
    AppsLabels(apps::labels::Labels) = "apps:labels",
    AppsOpen(apps::open::Open) = "open" ["apps:open"],
    AppsRename(apps::rename::Rename) = "rename" ["apps:rename"],
    Login(auth::login::Login) = "login" ["auth:login"],
    Logout(auth::logout::Logout) = "logout" ["auth:logout"],
    Token(auth::token::Token) = "auth:token",
    Whoami(auth::whoami::Whoami) = "whoami" ["auth:whoami"],
    Buildpacks(buildpacks::list::List) = "buildpacks",
    BuildpacksAdd(buildpacks::add::Add) = "buildpacks:add",
    BuildpacksClear(buildpacks::clear::Clear) = "buildpacks:clear",
    BuildpacksRemove(buildpacks::remove::Remove) = "buildpacks:remove",
    BuildpacksSet(buildpacks::set::Set) = "buildpacks:set",
    Builds(builds::list::List) = "builds",
    BuildsInfo(builds::info::Info) = "builds:info",
    BuildsOutput(builds::output::Output) = "builds:output",
    Completion(completion::Completion) = "completion",
    Config(config::list::List) = "config",
    ConfigEdit(config::edit::Edit) = "config:edit",
    ConfigGet(config::get::Get) = "config:get",
    ConfigSet(config::set::Set) = "config:set" ["config:add"],
    ConfigUnset(config::unset::Unset) = "config:unset" ["config:remove"],
    GitCredentials(git::credentials::Credentials) = "git:credentials",
    GitRemote(git::remote::Remote) = "git:remote",
    Heroku(heroku::any::Any) = "heroku",
    HerokuEnv(heroku::env::Env) = "heroku:env",
    Hosts(hosts::list::List) = "hosts",
    HostsAdd(hosts::add::Add) = "hosts:add",
    HostsDrain(hosts::drain::Drain) = "hosts:drain",
    HostsExplain(hosts::explain::Explain) = "hosts:explain",
    HostsInfo(hosts::info::Info) = "hosts:info",
    HostsRemove(hosts::remove::Remove) = "hosts:remove",
    HostsSsh(hosts::ssh::Ssh) = "hosts:ssh",
    HostsUndrain(hosts::undrain::Undrain) = "hosts:undrain",
    Logs(logs::Logs) = "logs",
    Maintenance(maintenance::show::Show) = "maintenance",
    MaintenanceOff(maintenance::off::Off) = "maintenance:off",
    MaintenanceOn(maintenance::on::On) = "maintenance:on",
    Pools(pools::list::List) = "pools",
    PoolsCreate(pools::create::Create) = "pools:create",
    PoolsDestroy(pools::destroy::Destroy) = "pools:destroy",
    PoolsInfo(pools::info::Info) = "pools:info",
    PoolsPlan(pools::plan::Plan) = "pools:plan",
    PoolsSet(pools::set::Set) = "pools:set",
    Ps(ps::list::List) = "ps",
    PsRestart(ps::restart::Restart) = "ps:restart" ["dyno:restart", "restart"],
    PsScale(ps::scale::Scale) = "ps:scale" ["dyno:scale", "scale"],
    PsStop(ps::stop::Stop) = "ps:stop" ["dyno:stop", "ps:kill", "dyno:kill"],
    PsWait(ps::wait::Wait) = "ps:wait",
    Regions(regions::Regions) = "regions",
    Releases(releases::list::List) = "releases",
    ReleasesInfo(releases::info::Info) = "releases:info",
    ReleasesOutput(releases::output::Output) = "releases:output",
    Rollback(releases::rollback::Rollback) = "rollback" ["releases:rollback"],
    Run(run::attached::Run) = "run",
    RunDetached(run::detached::Detached) = "run:detached",
    Stacks(stacks::Stacks) = "stacks" ["apps:stacks"],
    Version(VersionCommand) = "version",
}

/// A host's or a pool's name or id; anything else would be a strange path of the API. `list`: the command that lists them.
fn checked<'a>(name: &'a str, what: &str, list: &str) -> Result<&'a str, Error> {
    match !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        true => Ok(name),
        false => Err(Error::mistake(format!("{name:?} is not the name of a {what}."), format!("`{list}` lists them"))),
    }
}

/// Show the version of paas
#[derive(Debug, clap::Args)]
pub(crate) struct VersionCommand {}

impl VersionCommand {
    async fn run(self, context: &mut Context) -> Result<(), Error> {
        context.printer.line(concat!("paas ", env!("CARGO_PKG_VERSION")))
    }
}

/// Most commands succeed or fail; `run` passes a status on.
trait IntoExitCode {
    fn into_exit_code(self) -> ExitCode;
}

impl IntoExitCode for () {
    fn into_exit_code(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}

impl IntoExitCode for ExitCode {
    fn into_exit_code(self) -> ExitCode {
        self
    }
}
