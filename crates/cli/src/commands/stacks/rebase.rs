use std::time::{Duration, Instant};

use paas_platform::{AppBase, Client, Dyno, ReleaseStatus};

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer::{self, Printer},
    sizes::counted,
};

/// Put an app, or every app, on the newest run image of its stack, without building it
#[derive(Debug, clap::Args)]
pub(crate) struct Rebase {
    /// Every app, one after the other, until one does not come up (for the installation's owner)
    #[arg(long, conflicts_with_all = ["app", "remote"])]
    all: bool,
    /// Of all, not this one
    #[arg(long, value_name = "APP", requires = "all")]
    except: Vec<String>,
    /// Only tell which apps stand on an older image
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// How long an app may take to come up
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    #[command(flatten)]
    app: AppArgs,
}

/// What a rebase is called in releases.
const DESCRIPTION: &str = "Rebase on ";

impl Rebase {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let printer = context.printer;
        let bases = match self.all {
            true => {
                let mut all = context.client()?.bases().await?;
                all.retain(|base| !self.except.contains(&base.app.name));
                all
            }
            false => {
                let app = context.app(&self.app)?;
                vec![context.client()?.base(&app).await?]
            }
        };
        if self.dry_run {
            return printer.rows(bases.iter().map(|base| {
                [base.app.name.clone(), format!("v{}", base.version), base.stack.name.clone(), state(base).to_owned()]
            }));
        }
        let client = context.client()?;
        // An app that an earlier call left halfway goes first: more of the same would not be safer.
        let is_halfway = |base: &&AppBase| !base.outdated && base.description.starts_with(DESCRIPTION);
        for base in bases.iter().filter(is_halfway) {
            let (name, version) = (&base.app.name, base.version);
            match look(client, name, version).await? {
                Rollout::Done => {}
                Rollout::Failed(why) => return Err(self.stopped(&bases, 0, base, version, &why)),
                Rollout::UnderWay => {
                    let action = printer.action(format!("Waiting for {} to be up on v{version}", printer::app(name)));
                    let came_up = self.wait(client, name, version).await?;
                    came_up.map_err(|why| self.stopped(&bases, 0, base, version, &why))?;
                    action.done();
                }
            }
        }
        let outdated: Vec<&AppBase> = bases.iter().filter(|base| base.outdated).collect();
        for (at, base) in outdated.iter().enumerate() {
            self.rebase(client, printer, &bases, at, base).await?;
        }
        for base in bases.iter().filter(|base| base.newest.is_none()) {
            let name = printer::app(&base.app.name);
            printer.warn(format!("{name} stays as it is: this server has its stack {} no more.", base.stack.name));
        }
        if outdated.is_empty() {
            let are = if bases.len() == 1 { "stands" } else { "stand" };
            printer.note(format!("Nothing to do: {} {are} on the newest image.", counted(bases.len() as u64, "app")));
        }
        Ok(())
    }

    /// One app. `at`: how many were rebased before.
    async fn rebase(
        &self,
        client: &Client,
        printer: Printer,
        bases: &[AppBase],
        at: usize,
        base: &AppBase,
    ) -> Result<(), Error> {
        let name = &base.app.name;
        let digest = base.newest.as_deref().unwrap_or_default();
        let digest: String = digest.trim_start_matches("sha256:").chars().take(12).collect();
        let action = printer.action(format!("Rebasing {} on {} {digest}", printer::app(name), base.stack.name));
        let Some(release) = client.rebase(name).await?.release else {
            action.end("done by somebody else");
            return Ok(());
        };
        match self.wait(client, name, release.version).await? {
            Ok(()) => action.done_with(format!("v{}", release.version)),
            Err(why) => {
                return Err(self.stopped(bases, at, base, release.version, &why));
            }
        }
        Ok(())
    }

    /// Until every dyno of the app's formation runs this release, or a later one. The inner error: why that will not be.
    async fn wait(&self, client: &Client, app: &str, version: i32) -> Result<Result<(), Failure>, Error> {
        let (began, timeout) = (Instant::now(), Duration::from_secs(self.timeout));
        loop {
            match look(client, app, version).await? {
                Rollout::Done => return Ok(Ok(())),
                Rollout::Failed(why) => return Ok(Err(why)),
                Rollout::UnderWay if began.elapsed() >= timeout => return Ok(Err(Failure::Slow(self.timeout))),
                Rollout::UnderWay => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    }

    fn stopped(&self, bases: &[AppBase], rebased: usize, at: &AppBase, version: i32, why: &Failure) -> Error {
        let name = &at.app.name;
        let mut message = format!("{name} did not come up on v{version}: {why}. What ran before goes on.");
        let mut hint = match why {
            // It never became the current one.
            Failure::ReleaseCommand => format!("`paas releases:output v{version} -a {name}` says more"),
            Failure::Crash(_) | Failure::Slow(_) => {
                format!("`paas logs -a {name}` says more; `paas rollback -a {name}` goes back")
            }
        };
        if self.all {
            let newest = bases.iter().filter(|base| !base.outdated && base.app.name != *name).count() + rebased;
            let left = bases.iter().filter(|base| base.outdated && base.app.name != *name).count() - rebased;
            message.push_str(&format!(
                "\nStopped here: {} on the newest image, {} not begun.",
                counted(newest as u64, "app"),
                counted(left as u64, "app")
            ));
            hint.push_str(&format!("; the same command again goes on, with `--except {name}` without this one"));
        }
        Error::mistake(message, hint)
    }
}

enum Rollout {
    Done,
    UnderWay,
    Failed(Failure),
}

/// Why a release did not come up.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("its release command failed")]
    ReleaseCommand,
    /// Of a dyno.
    #[error("{0} crashed")]
    Crash(String),
    /// After so many seconds.
    #[error("it was not up within {0} seconds")]
    Slow(u64),
}

async fn look(client: &Client, app: &str, version: i32) -> Result<Rollout, Error> {
    match client.release(app, &version.to_string()).await?.status {
        ReleaseStatus::Failed | ReleaseStatus::Expired => return Ok(Rollout::Failed(Failure::ReleaseCommand)),
        ReleaseStatus::Pending => return Ok(Rollout::UnderWay),
        ReleaseStatus::Succeeded => {}
    }
    let formation = client.formation(app).await?;
    let dynos = client.dynos(app).await?;
    let is_new = |dyno: &&Dyno| dyno.release.version >= version;
    let formed = || dynos.iter().filter(|dyno| formation.iter().any(|kind| kind.kind == dyno.kind));
    if let Some(crashed) = formed().filter(is_new).find(|dyno| dyno.state == "crashed") {
        return Ok(Rollout::Failed(Failure::Crash(crashed.name.clone())));
    }
    let wanted: u64 = formation.iter().map(|kind| u64::from(kind.quantity)).sum();
    let up = formed().filter(is_new).filter(|dyno| dyno.state == "up").count() as u64;
    let is_done = up >= wanted && formed().all(|dyno| is_new(&dyno));
    Ok(if is_done { Rollout::Done } else { Rollout::UnderWay })
}

fn state(base: &AppBase) -> &'static str {
    match (&base.newest, base.outdated) {
        (None, _) => "its stack is gone",
        (Some(_), true) => "outdated",
        (Some(_), false) => "newest",
    }
}
