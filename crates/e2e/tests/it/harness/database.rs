//! A PostgreSQL for an app's data, as somebody else would run it: reached over the network, with a password.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    ports::{free_port, own_address},
    run::run,
};

/// It has blanks and quotes in it, as generated ones may have; in a URL they are written otherwise.
const PASSWORD: &str = "pa ss:w\"ord";
const PASSWORD_IN_URL: &str = "pa%20ss:w%22ord";

/// Ends with the platform, which finds it under its directory.
#[derive(Debug)]
pub(crate) struct Database {
    /// As config vars have it: of this machine's own address, which dynos reach.
    pub(crate) url: String,
}

impl Database {
    /// Under a platform's directory.
    pub(crate) fn start(directory: &Path) -> Self {
        let home = directory.join("database");
        let password = home.join("password");
        fs::create_dir_all(&home).expect("the platform's directory is ours");
        fs::write(&password, PASSWORD).expect("the platform's directory is ours");
        // PostgreSQL does not run as root.
        let owner = rustix::process::geteuid().is_root().then(|| (id("-u"), id("-g")));
        for path in [&home, &password] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("it is ours");
            if let Some((user, group)) = owner {
                std::os::unix::fs::chown(path, Some(user), Some(group)).expect("root may give files away");
            }
        }
        let tool = |name: &str| {
            let mut tool = Command::new(programs().join(name));
            tool.current_dir("/").env_clear().env("LC_ALL", "C").arg("--pgdata").arg(home.join("data"));
            if let Some((user, group)) = owner {
                tool.uid(user).gid(group);
            }
            tool
        };
        let mut initdb = tool("initdb");
        initdb.args(["--auth=scram-sha-256", "--username=owner", "--no-sync", "--pwfile"]).arg(&password);
        run(&mut initdb).ok();
        let rules = home.join("data/pg_hba.conf");
        fs::write(&rules, "host all all 0.0.0.0/0 scram-sha-256\n").expect("the platform's directory is ours");
        let port = free_port();
        let options = format!("-c listen_addresses=* -c port={port} -c unix_socket_directories='' -c fsync=off");
        let mut start = tool("pg_ctl");
        start.args(["start", "--wait", "--silent", "--options", &options, "--log"]).arg(home.join("postgres.log"));
        // Its output is the server's, which stays open.
        assert!(start.status().expect("pg_ctl can be run").success(), "see {}", home.display());
        Self { url: format!("postgres://owner:{PASSWORD_IN_URL}@{}:{port}/postgres", own_address()) }
    }

    /// A query's rows: a line a row, `|` between columns.
    #[track_caller]
    pub(crate) fn sql(&self, query: &str) -> String {
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--command", query, &self.url]);
        run(&mut psql).ok().stdout.trim_end().to_owned()
    }
}

/// Debian's place, or else where the path leads.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let places = versions.map(|entry| entry.path().join("bin"));
    places.filter(|place| place.join("initdb").exists()).max().unwrap_or_default()
}

/// Of the account that PostgreSQL's packages make.
fn id(kind: &str) -> u32 {
    let said = run(Command::new("id").args([kind, "postgres"])).ok().stdout;
    said.trim().parse().expect("id prints a number")
}
