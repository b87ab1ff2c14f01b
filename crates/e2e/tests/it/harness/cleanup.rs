//! Removes all that a platform has made, from nothing but its directory: also for a test process that was killed.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::{containers, eventually, pool, run::run};

/// Where platforms live: short, because Unix sockets are made under it, and open to the user that PostgreSQL runs as.
pub(crate) fn root() -> PathBuf {
    let root = PathBuf::from("/var/tmp/paas-e2e");
    fs::create_dir_all(&root).expect("/var/tmp can be written");
    // Of several users only the owner can, and need.
    drop(fs::set_permissions(&root, fs::Permissions::from_mode(0o755)));
    root
}

/// Says whose directory this is, and which port the registry has.
pub(crate) fn sign(directory: &Path, registry_port: u16) {
    let text = format!("{} {registry_port}", std::process::id());
    fs::write(directory.join("owner"), text).expect("the directory is ours");
}

/// Removes what killed test processes left.
pub(crate) fn sweep() {
    for entry in fs::read_dir(root()).expect("the test's root can be read").flatten() {
        let directory = entry.path();
        let Some((owner, _)) = owner(&directory) else { continue };
        if !is_alive(owner) {
            remove(&directory);
        }
    }
}

/// Ends every process and container of the platform in `directory` and removes its files.
pub(crate) fn remove(directory: &Path) {
    let data = directory.join("data");
    pool::destroy_all(&directory.join("hosts"));
    if let Some(server) = pid_in(&data.join("paasd.lock"), "paasd") {
        end(server);
    }
    let mut names = BTreeSet::new();
    for host in sql(&data, "select id from hosts").lines() {
        names.extend(containers::labelled(&format!("paas.host={host}")).into_iter().map(|container| container.name));
    }
    let of_builds = "select prefix || id from builds, (values ('build-'), ('warm-')) as names (prefix)";
    names.extend(sql(&data, of_builds).lines().map(str::to_owned));
    containers::remove(names);
    for (file, program) in [
        ("data/postgres/data/postmaster.pid", "postgres"),
        ("data/registry/registry.pid", "docker-registry"),
        ("database/data/postmaster.pid", "postgres"),
    ] {
        if let Some(process) = pid_in(&directory.join(file), program) {
            end(process);
        }
    }
    if let Some((_, registry_port)) = owner(directory) {
        containers::remove_images(registry_port);
    }
    if let Err(error) = fs::remove_dir_all(directory) {
        eprintln!("{} cannot be removed: {error}", directory.display());
    }
}

/// What a query on the embedded database gives: a line a row, `|` between columns; empty when the database is away.
pub(crate) fn sql(data: &Path, query: &str) -> String {
    let mut psql = Command::new("psql");
    psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--username=paas", "--dbname=paas", "--host"]);
    psql.arg(data.join("postgres/run")).arg("--command").arg(query).env("PGCONNECT_TIMEOUT", "5");
    run(&mut psql).stdout
}

/// The process that a file names in its first line, if it runs and is the program that the file is about.
pub(crate) fn pid_in(file: &Path, program: &str) -> Option<Pid> {
    let pid = fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()?;
    let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
    let executable = command.split('\0').next()?;
    executable.ends_with(program).then(|| Pid::from_raw(pid)).flatten()
}

/// SIGKILL, and until it is gone. PostgreSQL's children end with it.
fn end(process: Pid) {
    // It may end by itself in between.
    let _ = kill_process(process, Signal::KILL);
    eventually("a killed process is gone", Duration::from_secs(10), || (!is_alive(process)).then_some(()));
}

/// A zombie is as good as gone.
fn is_alive(process: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
    let state = status.rsplit(") ").next().and_then(|rest| rest.chars().next());
    test_kill_process(process).is_ok() && state != Some('Z')
}

fn owner(directory: &Path) -> Option<(Pid, u16)> {
    let text = fs::read_to_string(directory.join("owner")).ok()?;
    let (pid, port) = text.split_once(' ')?;
    Some((Pid::from_raw(pid.parse().ok()?)?, port.parse().ok()?))
}
