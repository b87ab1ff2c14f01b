//! One file a command, filed by topic: `config:set` is `config/set.rs`.

mod access;
mod accounts;
mod apps;
mod audit;
mod auth;
mod authorizations;
mod buildpacks;
mod builds;
mod certs;
mod clients;
mod completion;
mod config;
mod disk;
mod domains;
mod drains;
mod features;
mod git;
mod heroku;
mod hosts;
mod keys;
mod labs;
mod logs;
mod maintenance;
mod pools;
mod ps;
mod regions;
mod releases;
mod run;
mod setup;
mod slugs;
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
    Access(access::list::List) = "access",
    AccessAdd(access::add::Add) = "access:add",
    AccessRemove(access::remove::Remove) = "access:remove",
    AccessUpdate(access::update::Update) = "access:update",
    Accounts(accounts::List) = "accounts",
    AccountsInvite(accounts::Invite) = "accounts:invite",
    AccountsRemove(accounts::Remove) = "accounts:remove",
    AccountsReset(accounts::Reset) = "accounts:reset",
    AppsList(apps::list::List) = "apps" ["apps:list"],
    AppsCanary(apps::canary::Canary) = "apps:canary",
    AppsCreate(apps::create::Create) = "create" ["apps:create"],
    AppsDestroy(apps::destroy::Destroy) = "destroy" ["apps:destroy", "apps:delete"],
    AppsHealth(apps::health::Health) = "apps:health",
    AppsInfo(apps::info::Info) = "info" ["apps:info"],
    AppsLabels(apps::labels::Labels) = "apps:labels",
    AppsLeave(apps::leave::Leave) = "apps:leave" ["leave"],
    AppsOpen(apps::open::Open) = "open" ["apps:open"],
    AppsRename(apps::rename::Rename) = "rename" ["apps:rename"],
    AppsTransfer(apps::transfer::Transfer) = "apps:transfer",
    AppsTransferAccept(apps::transfer::Accept) = "apps:transfer:accept",
    AppsTransferCancel(apps::transfer::Cancel) = "apps:transfer:cancel",
    AppsTransferDecline(apps::transfer::Decline) = "apps:transfer:decline",
    AppsTransfers(apps::transfer::Transfers) = "apps:transfers",
    Audit(audit::Audit) = "audit",
    Login(auth::login::Login) = "login" ["auth:login"],
    Logout(auth::logout::Logout) = "logout" ["auth:logout"],
    Password(auth::password::Password) = "auth:password",
    Token(auth::token::Token) = "auth:token",
    TwoFactor(auth::two_factor::Show) = "auth:2fa",
    TwoFactorDisable(auth::two_factor::Disable) = "auth:2fa:disable",
    TwoFactorEnable(auth::two_factor::Enable) = "auth:2fa:enable",
    Whoami(auth::whoami::Whoami) = "whoami" ["auth:whoami"],
    Authorizations(authorizations::List) = "authorizations",
    AuthorizationsCreate(authorizations::Create) = "authorizations:create",
    AuthorizationsInfo(authorizations::Info) = "authorizations:info",
    AuthorizationsRevoke(authorizations::Revoke) = "authorizations:revoke" ["authorizations:destroy"],
    AuthorizationsRotate(authorizations::Rotate) = "authorizations:rotate",
    AuthorizationsUpdate(authorizations::Update) = "authorizations:update",
    Buildpacks(buildpacks::list::List) = "buildpacks",
    BuildpacksAdd(buildpacks::add::Add) = "buildpacks:add",
    BuildpacksClear(buildpacks::clear::Clear) = "buildpacks:clear",
    BuildpacksRemove(buildpacks::remove::Remove) = "buildpacks:remove",
    BuildpacksSet(buildpacks::set::Set) = "buildpacks:set",
    Builds(builds::list::List) = "builds",
    BuildsCachePurge(builds::purge_cache::PurgeCache) = "builds:cache:purge",
    BuildsCancel(builds::cancel::Cancel) = "builds:cancel",
    BuildsCreate(builds::create::Create) = "builds:create",
    BuildsInfo(builds::info::Info) = "builds:info",
    BuildsOutput(builds::output::Output) = "builds:output",
    Certs(certs::list::List) = "certs",
    CertsAdd(certs::add::Add) = "certs:add",
    CertsAuto(certs::auto::Auto) = "certs:auto",
    CertsAutoEnable(certs::auto::Enable) = "certs:auto:enable",
    CertsInfo(certs::info::Info) = "certs:info",
    CertsRemove(certs::remove::Remove) = "certs:remove",
    CertsUpdate(certs::update::Update) = "certs:update",
    Clients(clients::List) = "clients",
    ClientsCreate(clients::Create) = "clients:create" ["clients:register"],
    ClientsDestroy(clients::Destroy) = "clients:destroy",
    ClientsInfo(clients::Info) = "clients:info",
    ClientsRotate(clients::Rotate) = "clients:rotate",
    ClientsUpdate(clients::Update) = "clients:update",
    Completion(completion::Completion) = "completion",
    Config(config::list::List) = "config",
    ConfigEdit(config::edit::Edit) = "config:edit",
    ConfigGet(config::get::Get) = "config:get",
    ConfigSet(config::set::Set) = "config:set" ["config:add"],
    ConfigUnset(config::unset::Unset) = "config:unset" ["config:remove"],
    Disk(disk::Disk) = "disk",
    Domains(domains::list::List) = "domains",
    DomainsAdd(domains::add::Add) = "domains:add",
    DomainsClear(domains::clear::Clear) = "domains:clear",
    DomainsInfo(domains::info::Info) = "domains:info",
    DomainsRemove(domains::remove::Remove) = "domains:remove",
    DomainsUpdate(domains::update::Update) = "domains:update",
    DomainsWait(domains::wait::Wait) = "domains:wait",
    Drains(drains::list::List) = "drains",
    DrainsAdd(drains::add::Add) = "drains:add",
    DrainsRemove(drains::remove::Remove) = "drains:remove",
    Features(features::list::List) = "features",
    FeaturesDisable(features::disable::Disable) = "features:disable",
    FeaturesEnable(features::enable::Enable) = "features:enable",
    FeaturesInfo(features::info::Info) = "features:info",
    GitCredentials(git::credentials::Credentials) = "git:credentials",
    GitRemote(git::remote::Remote) = "git:remote",
    Heroku(heroku::any::Any) = "heroku",
    HerokuEnv(heroku::env::Env) = "heroku:env",
    Hosts(hosts::list::List) = "hosts",
    HostsAdd(hosts::add::Add) = "hosts:add",
    HostsDrain(hosts::drain::Drain) = "hosts:drain",
    HostsExplain(hosts::explain::Explain) = "hosts:explain",
    HostsInfo(hosts::info::Info) = "hosts:info",
    HostsLabels(hosts::labels::Labels) = "hosts:labels",
    HostsRemove(hosts::remove::Remove) = "hosts:remove",
    HostsSsh(hosts::ssh::Ssh) = "hosts:ssh",
    HostsUndrain(hosts::undrain::Undrain) = "hosts:undrain",
    Labs(labs::list::List) = "labs",
    LabsDisable(labs::disable::Disable) = "labs:disable",
    LabsEnable(labs::enable::Enable) = "labs:enable",
    LabsInfo(features::info::Info) = "labs:info",
    Keys(keys::List) = "keys",
    KeysAdd(keys::Add) = "keys:add",
    KeysClear(keys::Clear) = "keys:clear",
    KeysRemove(keys::Remove) = "keys:remove",
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
    ReleasesRetry(releases::retry::Retry) = "releases:retry",
    Rollback(releases::rollback::Rollback) = "rollback" ["releases:rollback"],
    Run(run::attached::Run) = "run",
    RunDetached(run::detached::Detached) = "run:detached",
    Setup(setup::Setup) = "setup",
    Slugs(slugs::list::List) = "slugs",
    SlugsDiff(slugs::diff::Diff) = "slugs:diff",
    SlugsInfo(slugs::info::Info) = "slugs:info",
    Stacks(stacks::list::Stacks) = "stacks" ["apps:stacks"],
    StacksPackages(stacks::packages::Packages) = "stacks:packages",
    StacksRebase(stacks::rebase::Rebase) = "stacks:rebase",
    StacksSet(stacks::set::Set) = "stacks:set" ["stack:set", "apps:stacks:set"],
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
