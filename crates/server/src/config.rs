//! The configuration: read once from the environment, checked, and then only handed on.

mod values;

use std::{
    ffi::OsString,
    net::SocketAddr,
    num::NonZeroU16,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use paas_builder::{Mirrors, RegistryConfig, StackConfig};
use paas_hosts::Destination;
use paas_model::{FreeDisk, TrustedProxies};
use secrecy::{ExposeSecret, SecretString};
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::{
    telemetry::LogFormat,
    variables::{self, Unset, Variable},
};
use values::{app_url, domain, on_or_off, origin, stacks};

/// The longest path of a Unix socket is 107 bytes, and PostgreSQL's is the data directory and this many more.
const SOCKET_PATH_REST: usize = "/postgres/run/.s.PGSQL.5432".len();
const SOCKET_PATH_MAX: usize = 107;

/// Everything that operators decide. Debug output holds no secret.
#[derive(Debug)]
pub struct Config {
    /// Absolute.
    pub data_dir: PathBuf,
    /// `None`: the embedded one.
    pub database_url: Option<SecretString>,
    /// `None`: the embedded one, on `registry_port`.
    pub registry: Option<RegistryConfig>,
    pub registry_port: u16,
    /// Where the embedded registry answers hosts; `None`: this machine only, on `registry_port`.
    pub registry_listen: Option<SocketAddr>,
    pub local_host: LocalHostChoice,
    /// Path of the engine's socket.
    pub docker_socket: PathBuf,
    /// Lower case.
    pub domain: String,
    /// Lower case.
    pub cname_domain: String,
    /// What log drains may reach besides public addresses.
    pub drain_allow: Vec<IpNet>,
    pub https_listen: SocketAddr,
    /// A loopback address.
    pub http_listen: SocketAddr,
    pub router_http_listen: SocketAddr,
    pub router_https_listen: SocketAddr,
    /// Scheme, host and port.
    pub public_url: Url,
    /// Holds `{app}`.
    pub app_url: String,
    /// `None`: the one in the data directory.
    pub master_key: Option<SecretString>,
    pub owner_email: String,
    pub extra_ca: Option<PathBuf>,
    /// At least one; the first is the default.
    pub stacks: Vec<StackConfig>,
    pub mirrors: Mirrors,
    /// Addresses that sources may be fetched from though they are not public.
    pub source_allow: Vec<IpNet>,
    pub container_builds: bool,
    pub build_firewall: bool,
    pub build_allow: Vec<Destination>,
    pub build_deny: Vec<Destination>,
    pub build_memory_mb: u32,
    pub build_disk_mb: u32,
    pub build_timeout: Duration,
    pub parallel_builds: usize,
    pub warm_builds: usize,
    pub crash_backoff: Duration,
    pub boot_timeout: Duration,
    pub stop_timeout: Duration,
    pub drain_timeout: Duration,
    /// `None`: never.
    pub cycle_after: Option<Duration>,
    pub trusted_proxies: TrustedProxies,
    /// `None`: for ever.
    pub audit_kept: Option<Duration>,
    pub host_grace: Duration,
    /// `None`: not before the machine is known to be gone.
    pub singleton_grace: Option<Duration>,
    pub surge_percent: u32,
    pub spare_after: Duration,
    pub join_timeout: Duration,
    pub headroom_mb: u32,
    pub lost_grace: Duration,
    pub prune_images_every: Duration,
    pub keep_releases: u32,
    pub collect_every: Duration,
    pub min_free_disk: FreeDisk,
    /// `None`: pools launch nothing.
    pub ec2: Option<Ec2>,
    pub host_reserved_mb: u32,
    /// The name of a crash point, not checked yet.
    pub crash_at: Option<String>,
    pub log: EnvFilter,
    pub log_format: LogFormat,
    /// Where this user's `paas` keeps its credentials; `None` for a user without a home.
    pub cli_directory: Option<PathBuf>,
}

/// Whether the machine that a process runs on is a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalHostChoice {
    /// Where the database is on this machine too.
    Auto,
    On,
    Off,
}

/// How pools launch instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ec2 {
    /// `None`: what the AWS environment says.
    pub region: Option<String>,
    pub endpoint: Option<Url>,
    pub prices: Option<PathBuf>,
    /// `None`: made from the authority.
    pub installation: Option<String>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("{variable}={value}: expected {expected}")]
    Invalid { variable: &'static str, value: String, expected: String },
    /// The value is a secret and stays out of the text.
    #[error("{variable}: expected {expected}")]
    InvalidSecret { variable: &'static str, expected: &'static str },
    #[error("{variable} is not valid UTF-8")]
    NotText { variable: &'static str },
    #[error("there is no home directory to keep data under; set {variable}")]
    NoHome { variable: &'static str },
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`ConfigError`], which names the variable.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var_os(name), rustix::process::geteuid().is_root())
    }

    /// `lookup` gives a variable's value.
    ///
    /// # Errors
    /// [`ConfigError`], which names the variable.
    pub fn read(lookup: &dyn Fn(&str) -> Option<OsString>, is_root: bool) -> Result<Self, ConfigError> {
        let read = Reader { lookup };
        let domain = read.required(&variables::DOMAIN, "a domain name, such as apps.example.com", domain)?;
        let cname_domain =
            read.optional(&variables::CNAME_DOMAIN, "a domain name, such as dns.example.com", self::domain)?;
        let https_listen = read.address(&variables::HTTPS_LISTEN)?;
        let router_http_listen = read.address(&variables::ROUTER_HTTP_LISTEN)?;
        let default_public_url = format!("https://localhost:{}", https_listen.port());
        let default_app_url = format!("http://{{app}}.{domain}:{}/", router_http_listen.port());
        Ok(Self {
            cname_domain: cname_domain.unwrap_or_else(|| format!("dns.{domain}")),
            drain_allow: read
                .optional(&variables::DRAIN_ALLOW, "networks, such as 10.0.0.0/8 192.168.7.0/24", |text| {
                    text.split_whitespace().map(|net| net.parse::<IpNet>().ok()).collect()
                })?
                .unwrap_or_default(),
            data_dir: data_dir(&read, is_root)?,
            database_url: read.secret(&variables::DATABASE_URL)?,
            registry: registry(&read)?,
            registry_port: read
                .required(&variables::REGISTRY_PORT, "a port number", |text| text.parse::<NonZeroU16>().ok())?
                .get(),
            registry_listen: read.optional(
                &variables::REGISTRY_LISTEN,
                "an address of this machine that hosts reach, and a port, such as 10.0.0.1:5050",
                |text| text.parse().ok().filter(|address: &SocketAddr| !address.ip().is_unspecified()),
            )?,
            local_host: read.required(&variables::LOCAL_HOST, "auto, on or off", |text| match text {
                "auto" => Some(LocalHostChoice::Auto),
                "on" => Some(LocalHostChoice::On),
                "off" => Some(LocalHostChoice::Off),
                _ => None,
            })?,
            docker_socket: read.required(
                &variables::DOCKER_HOST,
                "unix:// and the absolute path of a socket; engines on other machines are not supported yet",
                |text| text.strip_prefix("unix://").map(PathBuf::from).filter(|path| path.is_absolute()),
            )?,
            https_listen,
            http_listen: read.required(
                &variables::HTTP_LISTEN,
                "a loopback address and a port, such as 127.0.0.1:5000 (tokens would cross a network in the clear)",
                |text| text.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback()),
            )?,
            router_http_listen,
            router_https_listen: read.address(&variables::ROUTER_HTTPS_LISTEN)?,
            public_url: read
                .optional(&variables::PUBLIC_URL, "https:// and a host, without a path", origin)?
                .or_else(|| origin(&default_public_url))
                .ok_or_else(|| ConfigError::Invalid {
                    variable: variables::PUBLIC_URL.name,
                    value: default_public_url,
                    expected: "https:// and a host".to_owned(),
                })?,
            app_url: read
                .optional(&variables::APP_URL, "a URL with {app} in its host", app_url)?
                .unwrap_or(default_app_url),
            master_key: read.secret(&variables::MASTER_KEY)?,
            owner_email: read.required(&variables::OWNER_EMAIL, "an e-mail address", |text| {
                let (name, host) = text.split_once('@')?;
                (!name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace)).then(|| text.to_owned())
            })?,
            extra_ca: read.optional(&variables::EXTRA_CA, "the path of a file that exists", |text| {
                std::path::absolute(text).ok().filter(|path| path.is_file())
            })?,
            stacks: read.required(
                &variables::STACKS,
                "debian-13, debian-13@WORD, or NAME=BUILD_IMAGE,RUN_IMAGE",
                stacks,
            )?,
            mirrors: Mirrors {
                npm: read.url(&variables::NPM_MIRROR)?,
                pypi: read.url(&variables::PYPI_MIRROR)?,
                python: read.url(&variables::PYTHON_MIRROR)?,
                go: read.url(&variables::GO_MIRROR)?,
                ruby: read.url(&variables::RUBY_MIRROR)?,
                java: read.url(&variables::JAVA_MIRROR)?,
                maven: read.url(&variables::MAVEN_MIRROR)?,
                php: read.url(&variables::PHP_MIRROR)?,
                rust: read.url(&variables::RUST_MIRROR)?,
                crates: read.url(&variables::CRATES_MIRROR)?,
                debian: read.url(&variables::DEBIAN_MIRROR)?,
            },
            source_allow: read
                .optional(
                    &variables::SOURCE_ALLOW,
                    "address ranges such as 10.1.0.0/16, separated by commas",
                    |text| text.split(',').map(|range| range.trim().parse().ok()).collect(),
                )?
                .unwrap_or_default(),
            container_builds: read.required(&variables::CONTAINER_BUILDS, "on or off", on_or_off)?,
            build_firewall: read.required(&variables::BUILD_FIREWALL, "on or off", on_or_off)?,
            build_allow: read.destinations(&variables::BUILD_ALLOW)?,
            build_deny: read.destinations(&variables::BUILD_DENY)?,
            build_memory_mb: read.at_least(&variables::BUILD_MEMORY_MB, 256)?,
            build_disk_mb: read.at_least(&variables::BUILD_DISK_MB, 256)?,
            build_timeout: read.seconds(&variables::BUILD_TIMEOUT)?,
            parallel_builds: read.at_least(&variables::PARALLEL_BUILDS, 1)? as usize,
            warm_builds: read.at_least(&variables::WARM_BUILDS, 0)? as usize,
            crash_backoff: read.seconds(&variables::CRASH_BACKOFF)?,
            boot_timeout: read.seconds(&variables::BOOT_TIMEOUT)?,
            stop_timeout: read.seconds(&variables::STOP_TIMEOUT)?,
            drain_timeout: read.seconds(&variables::DRAIN_TIMEOUT)?,
            cycle_after: read.optional(&variables::CYCLE_AFTER, "a whole number, at least 60", |text| {
                text.parse().ok().filter(|seconds| *seconds >= 60).map(Duration::from_secs)
            })?,
            trusted_proxies: read
                .optional(
                    &variables::TRUSTED_PROXIES,
                    "addresses or networks, such as 10.0.0.1,192.168.0.0/16",
                    |text| text.parse().ok(),
                )?
                .unwrap_or_default(),
            audit_kept: read.required(
                &variables::AUDIT_DAYS,
                "a whole number, at least 30, or 0",
                |text| match text.parse::<u32>().ok()? {
                    0 => Some(None),
                    days => (days >= 30).then(|| Some(Duration::from_secs(u64::from(days) * 24 * 60 * 60))),
                },
            )?,
            host_grace: read.seconds(&variables::HOST_GRACE)?,
            host_reserved_mb: read.at_least(&variables::HOST_RESERVED_MB, 0)?,
            singleton_grace: read.optional(&variables::SINGLETON_GRACE, "a whole number, at least 1", |text| {
                text.parse().ok().filter(|seconds| *seconds >= 1).map(Duration::from_secs)
            })?,
            surge_percent: read.at_least(&variables::SURGE_PERCENT, 0)?,
            spare_after: read.seconds(&variables::SPARE_AFTER)?,
            join_timeout: read.seconds(&variables::JOIN_TIMEOUT)?,
            headroom_mb: read.at_least(&variables::HEADROOM_MB, 0)?,
            lost_grace: read.seconds(&variables::LOST_GRACE)?,
            prune_images_every: read.seconds(&variables::PRUNE_IMAGES)?,
            keep_releases: read.at_least(&variables::KEEP_RELEASES, 1)?,
            collect_every: read.seconds(&variables::COLLECT)?,
            min_free_disk: read
                .required(&variables::MIN_FREE_DISK, "2GB, 500MB or 5%, say", |text| text.parse().ok())?,
            ec2: ec2(&read)?,
            crash_at: read.text(&variables::CRASH_AT)?,
            log: read.required(&variables::LOG, "a tracing filter, such as info or paas_router=debug", |text| {
                EnvFilter::try_new(text).ok()
            })?,
            log_format: read.required(&variables::LOG_FORMAT, "text or json", |text| match text {
                "text" => Some(LogFormat::Text),
                "json" => Some(LogFormat::Json),
                _ => None,
            })?,
            cli_directory: cli_directory(&read),
            domain,
        })
    }

    /// A path under the data directory.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.data_dir.join(name)
    }
}

struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Reader<'_> {
    /// An empty variable is one that is not set.
    fn text(&self, variable: &Variable) -> Result<Option<String>, ConfigError> {
        match (self.lookup)(variable.name) {
            None => Ok(None),
            Some(value) => match value.into_string() {
                Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
                Err(_) => Err(ConfigError::NotText { variable: variable.name }),
            },
        }
    }

    fn optional<T>(
        &self,
        variable: &Variable,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.text(variable)?.map(|text| parse(&text).ok_or_else(|| invalid(variable, text, expected))).transpose()
    }

    fn destinations(&self, variable: &Variable) -> Result<Vec<Destination>, ConfigError> {
        let expected =
            "IPv4 addresses or networks, with a port where only that is meant, such as 10.0.0.5:4873,10.1.0.0/16";
        let parse = |text: &str| text.split(',').map(|one| one.trim().parse().ok()).collect();
        Ok(self.optional(variable, expected, parse)?.unwrap_or_default())
    }

    fn required<T>(
        &self,
        variable: &Variable,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let default = match variable.default {
            Unset::Is(value) => value,
            Unset::Means(_) => "",
        };
        let text = self.text(variable)?.unwrap_or_else(|| default.to_owned());
        parse(&text).ok_or_else(|| invalid(variable, text, expected))
    }

    fn secret(&self, variable: &Variable) -> Result<Option<SecretString>, ConfigError> {
        Ok(self.text(variable)?.map(SecretString::from))
    }

    fn address(&self, variable: &Variable) -> Result<SocketAddr, ConfigError> {
        self.required(variable, "an address and a port, such as 127.0.0.1:5443", |text| text.parse().ok())
    }

    fn at_least(&self, variable: &Variable, least: u32) -> Result<u32, ConfigError> {
        let expected = format!("a whole number, at least {least}");
        self.required(variable, &expected, |text| text.parse().ok().filter(|number| *number >= least))
    }

    /// At least one: no timeout of ours means "never" or "at once".
    fn seconds(&self, variable: &Variable) -> Result<Duration, ConfigError> {
        self.at_least(variable, 1).map(|seconds| Duration::from_secs(seconds.into()))
    }

    fn url(&self, variable: &Variable) -> Result<Option<Url>, ConfigError> {
        self.optional(variable, "an http(s) URL", |text| {
            Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
        })
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        (self.lookup)(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }
}

fn invalid(variable: &Variable, value: String, expected: &str) -> ConfigError {
    ConfigError::Invalid { variable: variable.name, value, expected: expected.to_owned() }
}

fn data_dir(read: &Reader<'_>, is_root: bool) -> Result<PathBuf, ConfigError> {
    let variable = &variables::DATA_DIR;
    let expected =
        format!("a path of at most {} bytes, because sockets are made under it", SOCKET_PATH_MAX - SOCKET_PATH_REST);
    let absolute = |text: &str| {
        let path = std::path::absolute(text).ok()?;
        (path.as_os_str().len() + SOCKET_PATH_REST <= SOCKET_PATH_MAX).then_some(path)
    };
    if let Some(path) = read.optional(variable, &expected, absolute)? {
        return Ok(path);
    }
    if is_root {
        return Ok(PathBuf::from("/var/lib/paas"));
    }
    let home = read.path("HOME").ok_or(ConfigError::NoHome { variable: variable.name })?;
    let path = home.join(".local/share/paas");
    path.to_str().and_then(absolute).ok_or_else(|| invalid(variable, path.display().to_string(), &expected))
}

/// The same folder that `paas` looks in.
fn cli_directory(read: &Reader<'_>) -> Option<PathBuf> {
    let xdg = || read.path("XDG_CONFIG_HOME").map(|path| path.join("paas"));
    let home = || read.path("HOME").map(|path| path.join(".config/paas"));
    read.path("PAAS_CONFIG_DIR").or_else(xdg).or_else(home)
}

fn registry(read: &Reader<'_>) -> Result<Option<RegistryConfig>, ConfigError> {
    let Some(text) = read.secret(&variables::REGISTRY_URL)? else {
        return Ok(None);
    };
    let parse = || {
        let mut url = Url::parse(text.expose_secret()).ok()?;
        let fits = matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none();
        let credentials = url.password().map(|password| (url.username().to_owned(), SecretString::from(password)));
        url.set_password(None).ok()?;
        url.set_username("").ok()?;
        fits.then_some(RegistryConfig { url, credentials })
    };
    let expected = "https:// and a host, with USER:PASSWORD@ before it where the registry asks for them";
    parse().map(Some).ok_or(ConfigError::InvalidSecret { variable: variables::REGISTRY_URL.name, expected })
}

fn ec2(read: &Reader<'_>) -> Result<Option<Ec2>, ConfigError> {
    let settings = Ec2 {
        region: read.text(&variables::EC2_REGION)?,
        endpoint: read.url(&variables::EC2_ENDPOINT)?,
        prices: read.optional(&variables::EC2_PRICES, "the path of a file that exists", |text| {
            std::path::absolute(text).ok().filter(|path| path.is_file())
        })?,
        installation: read.optional(
            &variables::INSTALLATION,
            "a name of letters, digits and dashes, at most 63",
            |text| {
                let fits =
                    text.len() <= 63 && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
                fits.then(|| text.to_owned())
            },
        )?,
    };
    // `AWS_REGION` is no sign that pools are wanted: many a developer's machine has it set for other tools.
    let is_on = read.required(&variables::EC2, "auto, on or off", |text| match text {
        "auto" => Some(settings.region.is_some()),
        other => on_or_off(other),
    })?;
    Ok(is_on.then_some(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let lookup = |name: &str| {
            let home = (name == "HOME").then(|| OsString::from("/home/someone"));
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)).or(home)
        };
        Config::read(&lookup, false)
    }

    #[test]
    fn an_empty_environment_is_one_machine_on_loopback() {
        let config = read(&[]).unwrap();
        assert_eq!(config.data_dir, Path::new("/home/someone/.local/share/paas"));
        assert_eq!(config.public_url.as_str(), "https://localhost:5443/");
        assert_eq!(config.app_url, "http://{app}.localhost:8080/");
        assert_eq!(config.cli_directory.unwrap(), Path::new("/home/someone/.config/paas"));
        assert!(config.database_url.is_none() && config.registry.is_none() && config.master_key.is_none());
    }

    #[test]
    fn urls_follow_the_ports_unless_they_are_set() {
        let moved = read(&[("PAAS_HTTPS_LISTEN", "127.0.0.1:6443"), ("PAAS_ROUTER_HTTP_LISTEN", "[::]:80")]).unwrap();
        assert_eq!(moved.public_url.as_str(), "https://localhost:6443/");
        assert_eq!(moved.app_url, "http://{app}.localhost:80/");
        let set = [("PAAS_PUBLIC_URL", "https://paas.example.com"), ("PAAS_APP_URL", "https://{app}.example.com")];
        let named = read(&set).unwrap();
        assert_eq!(
            (named.public_url.host_str(), named.app_url.as_str()),
            (Some("paas.example.com"), "https://{app}.example.com/")
        );
    }

    #[test]
    fn a_bad_value_is_an_error_that_names_the_variable() {
        let long = format!("/{}", "x".repeat(90));
        for (variable, value) in [
            ("PAAS_HTTP_LISTEN", "0.0.0.0:5000"),
            ("PAAS_HTTP_LISTEN", "5000"),
            ("PAAS_HTTPS_LISTEN", "localhost:5443"),
            ("PAAS_DOMAIN", "10.0.0.1"),
            ("PAAS_DOMAIN", "*.example.com"),
            ("PAAS_CNAME_DOMAIN", "10.0.0.1"),
            ("PAAS_DRAIN_ALLOW", "10.0.0.0/33"),
            ("PAAS_PUBLIC_URL", "http://paas.example.com"),
            ("PAAS_PUBLIC_URL", "https://paas.example.com/api"),
            ("PAAS_APP_URL", "https://apps.example.com/"),
            ("PAAS_REGISTRY_PORT", "0"),
            ("PAAS_REGISTRY_LISTEN", "0.0.0.0:5050"),
            ("PAAS_REGISTRY_LISTEN", "5050"),
            ("PAAS_LOCAL_HOST", "yes"),
            ("PAAS_CYCLE_AFTER_SECONDS", "0"),
            ("PAAS_EC2", "yes"),
            ("PAAS_EC2_ENDPOINT", "localhost:5555"),
            ("PAAS_INSTALLATION", "my paas"),
            ("PAAS_BOOT_TIMEOUT_SECONDS", "0"),
            ("PAAS_BOOT_TIMEOUT_SECONDS", "1m"),
            ("DOCKER_HOST", "tcp://10.0.0.1:2376"),
            ("PAAS_STACKS", "heroku-24"),
            ("PAAS_STACKS", "debian-13@"),
            ("PAAS_STACKS", "debian-13 debian-13@2026-11"),
            ("PAAS_EXTRA_CA", "/no/such/file"),
            ("PAAS_SOURCE_ALLOW", "10.1.0.0/16,intranet"),
            ("PAAS_BUILD_FIREWALL", "yes"),
            ("PAAS_BUILD_ALLOW", "10.1.0.5:4873,intranet"),
            ("PAAS_BUILD_DENY", "fd00::/8"),
            ("PAAS_OWNER_EMAIL", "owner"),
            ("PAAS_LOG", "=,="),
            ("PAAS_LOG_FORMAT", "xml"),
            ("PAAS_DATA_DIR", &long),
        ] {
            let error = read(&[(variable, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{variable}={value}: expected ")), "{variable}={value}: {error}");
        }
    }

    #[test]
    fn secrets_are_in_no_error_and_no_debug_output() {
        let error = read(&[("REGISTRY_URL", "ftp://me:s3cret@example.com")]).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
        let set = [
            ("REGISTRY_URL", "https://me:s3cret@example.com"),
            ("DATABASE_URL", "postgres://me:s3cret@db/paas"),
            ("PAAS_MASTER_KEY", "s3cret"),
        ];
        assert!(!format!("{:?}", read(&set).unwrap()).contains("s3cret"));
    }

    #[test]
    fn pools_launch_instances_where_a_region_is_set_unless_it_is_said_otherwise() {
        let is_on = |set: &[(&str, &str)]| read(set).unwrap().ec2.is_some();
        assert!(!is_on(&[]) && is_on(&[("PAAS_EC2", "on")]));
        assert!(!is_on(&[("AWS_REGION", "us-east-1")]));
        assert!(is_on(&[("PAAS_EC2_REGION", "us-east-1")]));
        assert!(!is_on(&[("PAAS_EC2_REGION", "us-east-1"), ("PAAS_EC2", "off")]));
    }

    #[test]
    fn a_stack_may_be_any_pair_of_images() {
        let config = read(&[("PAAS_STACKS", "heroku-24=heroku/heroku:24-build,heroku/heroku:24 debian-13")]).unwrap();
        let names: Vec<_> = config.stacks.iter().map(|stack| stack.name.as_str()).collect();
        assert_eq!(names, ["heroku-24", "debian-13"]);
        assert_eq!(config.stacks[0].run_image, "heroku/heroku:24");
        let own = read(&[("PAAS_STACKS", "debian-13=mine-build,mine")]).unwrap();
        assert_eq!((&*own.stacks[0].name, &*own.stacks[0].run_image), ("debian-13", "mine"));
        // It is one already: that of apps which are images of Dockerfiles.
        read(&[("PAAS_STACKS", "container=a,b")]).unwrap_err();
    }
}
