//! Every environment variable that `paasd` reads, with what the documentation says about it.

/// One variable. `docs/configuration.md` is made from these; a test compares them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    pub name: &'static str,
    pub default: Unset,
    pub doc: &'static str,
}

/// What holds when the variable is not set, or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    /// This value, in the same words that the variable would have.
    Is(&'static str),
    /// Something that depends on other things; described, for people.
    Means(&'static str),
}

use Unset::{Is, Means};

macro_rules! variables {
    ($($(#[doc = $doc:literal])+ $constant:ident = $name:literal, $default:expr;)+) => {
        $($(#[doc = $doc])+ pub const $constant: Variable = Variable { name: $name, default: $default, doc: concat!($($doc),+) };)+

        /// In the order in which the documentation lists them.
        pub const ALL: &[Variable] = &[$($constant),+];
    };
}

variables! {
    /// Directory of everything the server keeps: database, images, git repositories, keys.
    DATA_DIR = "PAAS_DATA_DIR", Means("`/var/lib/paas` for root, else `~/.local/share/paas`");

    /// PostgreSQL to use, `postgres://USER:PASSWORD@HOST/DATABASE`, instead of a private one under the data directory.
    DATABASE_URL = "DATABASE_URL", Means("a private PostgreSQL on a Unix socket");

    /// OCI registry to use, `https://USER:PASSWORD@HOST`, instead of a private one on loopback.
    REGISTRY_URL = "REGISTRY_URL", Means("a private registry on 127.0.0.1");

    /// Port of the private registry, on 127.0.0.1.
    REGISTRY_PORT = "PAAS_REGISTRY_PORT", Is("5050");

    /// Address and port, `10.0.0.1:5050`, that the private registry answers other hosts on: over TLS, and to tokens alone.
    /// Needed for hosts to join. Images are named by it: set it before the first push.
    REGISTRY_LISTEN = "PAAS_REGISTRY_LISTEN", Means("none: 127.0.0.1 alone");

    /// The container engine, `unix://PATH` of a Docker Engine's socket.
    DOCKER_HOST = "DOCKER_HOST", Is("unix:///var/run/docker.sock");

    /// Whether this machine's engine is a host: `on`, `off`, or `auto`: for `paasd up`, and for controllers without a
    /// `DATABASE_URL`, which are on the same machine.
    LOCAL_HOST = "PAAS_LOCAL_HOST", Is("auto");

    /// Domain of apps: the app `hello` answers at `hello.DOMAIN`. Names under `localhost` need no DNS.
    DOMAIN = "PAAS_DOMAIN", Is("localhost");

    /// Address and port of API, git and log streams, over TLS.
    HTTPS_LISTEN = "PAAS_HTTPS_LISTEN", Is("127.0.0.1:5443");

    /// The same in plain HTTP. Tokens cross it in the clear, so it must be a loopback address.
    HTTP_LISTEN = "PAAS_HTTP_LISTEN", Is("127.0.0.1:5000");

    /// Address and port that apps answer on, over plain HTTP. `[::]:8080` takes IPv6 and IPv4.
    ROUTER_HTTP_LISTEN = "PAAS_ROUTER_HTTP_LISTEN", Is("0.0.0.0:8080");

    /// Address and port that apps answer on, over TLS.
    ROUTER_HTTPS_LISTEN = "PAAS_ROUTER_HTTPS_LISTEN", Is("0.0.0.0:8443");

    /// Domain of the DNS targets that custom domains are pointed at: every name below it must resolve to the routers, by one
    /// wildcard record.
    CNAME_DOMAIN = "PAAS_CNAME_DOMAIN", Means("`dns.` and `PAAS_DOMAIN`");

    /// Networks that log drains may reach besides public addresses, separated by spaces: `10.0.0.0/8`.
    DRAIN_ALLOW = "PAAS_DRAIN_ALLOW", Means("none");

    /// How clients reach API and git; it is in every URL that the API gives, and in the server's certificate.
    PUBLIC_URL = "PAAS_PUBLIC_URL", Means("`https://localhost` and the port of `PAAS_HTTPS_LISTEN`");

    /// An app's address, with `{app}` where its name stands; what `paas open` opens.
    APP_URL = "PAAS_APP_URL", Means("`http://{app}.DOMAIN` and the port of `PAAS_ROUTER_HTTP_LISTEN`");

    /// Key that config vars are stored under: 64 hexadecimal digits.
    MASTER_KEY = "PAAS_MASTER_KEY", Means("made at the first start: `keys/master.key` in the data directory");

    /// E-mail address of the account made at the first start.
    OWNER_EMAIL = "PAAS_OWNER_EMAIL", Is("owner@localhost");

    /// File of CA certificates (PEM) that builds trust besides the public ones; for networks that inspect TLS.
    EXTRA_CA = "PAAS_EXTRA_CA", Means("none");

    /// Addresses that sources may be fetched from though they are not public: `10.1.0.0/16,fd00::/8`. For mirrors of your own.
    SOURCE_ALLOW = "PAAS_SOURCE_ALLOW", Means("none");

    /// Whether builds on this machine are kept from it and from the platform, by iptables: `on` or `off`. What sets that also gives dynos and builds their shares of the processors.
    BUILD_FIREWALL = "PAAS_BUILD_FIREWALL", Is("on");

    /// What builds on this machine may reach all the same, separated by commas: `10.0.0.5:4873,10.1.0.0/16`. For mirrors and
    /// buildpacks that are served here.
    BUILD_ALLOW = "PAAS_BUILD_ALLOW", Means("none");

    /// What else builds on this machine may not reach, separated by commas: the networks of other hosts and routers.
    BUILD_DENY = "PAAS_BUILD_DENY", Means("none");

    /// Stacks, separated by spaces, the default one first: `debian-13` (made here), `debian-13@WORD` (made here again, with
    /// Debian's updates, whenever the word is another), or `NAME=BUILD_IMAGE,RUN_IMAGE`.
    STACKS = "PAAS_STACKS", Is("debian-13");

    /// Whether apps can be built by their Dockerfiles (`on` or `off`). The steps of a Dockerfile run as root in containers of
    /// their own, with the engine's default capabilities.
    CONTAINER_BUILDS = "PAAS_CONTAINER_BUILDS", Is("on");

    /// npm registry that builds use, for Node.js itself as well as for packages.
    NPM_MIRROR = "PAAS_NPM_MIRROR", Means("`https://registry.npmjs.org`");

    /// PyPI index that builds use, `https://HOST/simple`.
    PYPI_MIRROR = "PAAS_PYPI_MIRROR", Means("`https://pypi.org/simple`");

    /// Where builds get Pythons that the stack does not have.
    PYTHON_MIRROR = "PAAS_PYTHON_MIRROR", Means("python-build-standalone's releases on GitHub");

    /// Where builds get versions of Go that the PyPI index does not have: `HOST/go1.20.linux-amd64.tar.gz`, and the same with
    /// `.sha256` added.
    GO_MIRROR = "PAAS_GO_MIRROR", Means("`https://dl.google.com/go`");

    /// Where builds get Rubies that the stack does not have: `HOST/ruby-3.4.5.tgz`, with `bin/` and `lib/`.
    RUBY_MIRROR = "PAAS_RUBY_MIRROR", Means("those that Heroku's own buildpack takes");

    /// Where builds get JDKs that the stack does not have, by the same paths as there.
    JAVA_MIRROR = "PAAS_JAVA_MIRROR", Means("`https://api.adoptium.net`");

    /// Maven repository that builds use in place of Maven Central.
    MAVEN_MIRROR = "PAAS_MAVEN_MIRROR", Means("Maven Central");

    /// Where builds get versions of PHP that the stack does not have: `HOST/php-8.3.debian-13-amd64.tar.gz`, and the same with
    /// `.sha256` added.
    PHP_MIRROR = "PAAS_PHP_MIRROR", Means("none: there is the stack's PHP only");

    /// Where builds get versions of Rust that the stack does not have: `HOST/dist/rust-1.84.0-x86_64-unknown-linux-gnu.tar.xz`, and
    /// the same with `.sha256` added.
    RUST_MIRROR = "PAAS_RUST_MIRROR", Means("`https://static.rust-lang.org`");

    /// Sparse index that cargo takes packages from in builds, instead of crates.io.
    CRATES_MIRROR = "PAAS_CRATES_MIRROR", Means("`https://index.crates.io`");

    /// Copy of Debian's archive that builds use, for the buildpacks that install its packages.
    DEBIAN_MIRROR = "PAAS_DEBIAN_MIRROR", Means("what the stack's image uses");

    /// Memory of one build, MiB (Heroku: 2.5 GB).
    BUILD_MEMORY_MB = "PAAS_BUILD_MEMORY_MB", Is("2560");

    /// Disk that one build may write, MiB.
    BUILD_DISK_MB = "PAAS_BUILD_DISK_MB", Is("8192");

    /// Longest compile, seconds (Heroku: 15 minutes).
    BUILD_TIMEOUT = "PAAS_BUILD_TIMEOUT_SECONDS", Is("900");

    /// Builds that run side by side; more wait their turn.
    PARALLEL_BUILDS = "PAAS_PARALLEL_BUILDS", Is("2");

    /// Apps that have a container waiting for their next build for an hour after the last, on each host. 0: none.
    WARM_BUILDS = "PAAS_WARM_BUILDS", Is("3");

    /// Wait before the restart after a dyno's second crash in a row, seconds; it doubles from there, up to 30 minutes.
    CRASH_BACKOFF = "PAAS_CRASH_BACKOFF_SECONDS", Is("10");

    /// How long a web dyno may take to bind its port, seconds (Heroku: R10).
    BOOT_TIMEOUT = "PAAS_BOOT_TIMEOUT_SECONDS", Is("60");

    /// From SIGTERM to SIGKILL, seconds (Heroku: R12).
    STOP_TIMEOUT = "PAAS_STOP_TIMEOUT_SECONDS", Is("30");

    /// How long a replaced dyno may finish its requests before SIGTERM, seconds.
    DRAIN_TIMEOUT = "PAAS_DRAIN_TIMEOUT_SECONDS", Is("30");

    /// How long a dyno may run before a fresh one replaces it, seconds (Heroku: 24 hours).
    CYCLE_AFTER = "PAAS_CYCLE_AFTER_SECONDS", Means("never");

    /// Proxies in front of API and git, addresses or networks separated by commas, whose `X-Forwarded-For` says where a
    /// request comes from in the audit.
    TRUSTED_PROXIES = "PAAS_TRUSTED_PROXIES", Means("none");

    /// How long audit events are kept, days; at least 30. `0`: for ever.
    AUDIT_DAYS = "PAAS_AUDIT_DAYS", Is("365");

    /// How long a host's engine may be silent before the host is lost and its dynos start elsewhere, seconds.
    HOST_GRACE = "PAAS_HOST_GRACE_SECONDS", Is("10");

    /// How long a process type that must never run twice waits for a host that only does not answer before it is started
    /// elsewhere, seconds.
    SINGLETON_GRACE = "PAAS_SINGLETON_GRACE_SECONDS", Means("until the machine is known to be gone");

    /// How many dynos of a type may start beyond its quantity during a deploy or a move, percent; at least one.
    SURGE_PERCENT = "PAAS_SURGE_PERCENT", Is("25");

    /// How long a pool must have been able to do without a host before that is drained, seconds.
    SPARE_AFTER = "PAAS_SPARE_AFTER_SECONDS", Is("600");

    /// How long a launched machine may take to become a host before it is given up, seconds.
    JOIN_TIMEOUT = "PAAS_JOIN_TIMEOUT_SECONDS", Is("600");

    /// Memory that each pool keeps free for what is to come, MiB.
    HEADROOM_MB = "PAAS_HEADROOM_MB", Is("0");

    /// How long a host of a pool may stay lost before its machine is ended, seconds. Its dynos run elsewhere long before.
    LOST_GRACE = "PAAS_LOST_GRACE_SECONDS", Is("900");

    /// How often each host is rid of the images of old releases, seconds.
    PRUNE_IMAGES = "PAAS_PRUNE_IMAGES_SECONDS", Is("3600");

    /// How many of its newest releases an app can be rolled back to: their slugs are kept, and those of older ones are not.
    KEEP_RELEASES = "PAAS_KEEP_RELEASES", Is("50");

    /// How often slugs, sources and caches that are not kept are collected, seconds.
    COLLECT = "PAAS_COLLECT_SECONDS", Is("3600");

    /// What must be free of the disk of its host, and of the private registry's, for a build to start: `2GB`, `500MB` or `5%`.
    MIN_FREE_DISK = "PAAS_MIN_FREE_DISK", Is("2GB");

    /// Whether pools launch EC2 instances: `on`, `off`, or `auto`: where `PAAS_EC2_REGION` is set.
    EC2 = "PAAS_EC2", Is("auto");

    /// The AWS region of the pools.
    EC2_REGION = "PAAS_EC2_REGION", Means("what `AWS_REGION`, the AWS profile or the instance says");

    /// URL of the EC2 API, for an endpoint inside a VPC or a test server.
    EC2_ENDPOINT = "PAAS_EC2_ENDPOINT", Means("Amazon's for the region");

    /// TOML file of instance prices and sizes that stands over the built-in table, in the same form.
    EC2_PRICES = "PAAS_EC2_PRICES", Means("none");

    /// Name of this installation in the tags of its instances: others are never touched.
    INSTALLATION = "PAAS_INSTALLATION", Means("made from the certificate authority");

    /// Memory of each host that dynos do not get, MiB: for the system, the server and builds.
    HOST_RESERVED_MB = "PAAS_HOST_RESERVED_MB", Is("1024");

    /// Crash point (`paasd crash-points`) at which the process kills itself, to test that others go on from there; in debug
    /// builds only.
    CRASH_AT = "PAAS_CRASH_AT", Means("none");

    /// What the server logs, as a `tracing` filter: `debug`, or `info,paas_router=debug`.
    LOG = "PAAS_LOG", Is("info,sqlx=warn");

    /// How it writes its log: `text` or `json`.
    LOG_FORMAT = "PAAS_LOG_FORMAT", Is("text");
}

/// The table of `docs/configuration.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("| variable | default | what it is |\n|---|---|---|\n");
    for Variable { name, default, doc } in ALL {
        let default = match default {
            Is(value) => format!("`{value}`"),
            Means(words) => (*words).to_owned(),
        };
        text.push_str(&format!("| `{name}` | {default} | {} |\n", doc.trim()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");

    /// `UPDATE_DOCS=1 cargo test -p paas-server` writes the table.
    #[test]
    fn the_documentation_lists_every_variable_as_it_is_declared() {
        let text = std::fs::read_to_string(DOCUMENT).unwrap();
        let start = text.find("| variable |").unwrap();
        let end = text[start..].find("\n\n").map_or(text.len(), |length| start + length + 1);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(DOCUMENT, format!("{}{}{}", &text[..start], markdown(), &text[end..])).unwrap();
            return;
        }
        assert_eq!(&text[start..end], markdown(), "run UPDATE_DOCS=1 cargo test -p paas-server");
    }

    #[test]
    fn no_two_variables_have_one_name() {
        let mut names: Vec<_> = ALL.iter().map(|variable| variable.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
