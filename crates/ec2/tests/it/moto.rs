//! A moto server of a test's own: EC2's API over HTTP, with instances that exist only in its memory.

use std::{env, net::TcpListener, process::Stdio, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_ec2::Client;
use paas_ec2::{Ec2Config, Ec2Machines, Prices};
use paas_hosts::{
    MachineOrder, Machines,
    testing::machines_contract::{self, Bench},
};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

/// Python takes its time on a busy machine.
const START: Duration = Duration::from_secs(60);
/// One of those that moto has from the start; its root disk is /dev/sda1.
pub(crate) const IMAGE: &str = "ami-785db401";

pub(crate) struct MotoBench {
    ours: Ec2Machines,
    theirs: Ec2Machines,
    /// To look at what came of a call.
    pub(crate) client: Client,
    /// Ends with the bench.
    _server: Child,
}

impl MotoBench {
    pub(crate) async fn start() -> Self {
        let (server, url) = timeout(START, start_server()).await.expect("moto starts in time");
        let sdk = sdk(&url).await;
        Self {
            ours: Ec2Machines::new(&sdk, config("ours", &url)).unwrap(),
            theirs: Ec2Machines::new(&sdk, config("theirs", &url)).unwrap(),
            client: Client::new(&sdk),
            _server: server,
        }
    }
}

impl Bench for MotoBench {
    fn ours(&self) -> &dyn Machines {
        &self.ours
    }

    fn theirs(&self) -> &dyn Machines {
        &self.theirs
    }

    fn order(&self) -> MachineOrder {
        machines_contract::order(IMAGE)
    }
}

pub(crate) fn config(installation: &str, url: &str) -> Ec2Config {
    Ec2Config {
        installation: installation.to_owned(),
        region: None,
        endpoint_url: Some(url.to_owned()),
        prices: Prices::builtin(),
    }
}

/// With keys that nobody checks, and nothing read from this machine's own files.
pub(crate) async fn sdk(url: &str) -> SdkConfig {
    let keys = "[default]\naws_access_key_id = test\naws_secret_access_key = test\n";
    let profile = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Credentials, keys).build();
    aws_config::defaults(BehaviorVersion::latest())
        .profile_files(profile)
        .region(Region::from_static("us-east-1"))
        .endpoint_url(url)
        .load()
        .await
}

async fn start_server() -> (Child, String) {
    let program = env::var_os("PAAS_TEST_MOTO").expect(
        "moto is missing: run ./dev test, or pip install 'moto[server,ec2]' and set PAAS_TEST_MOTO to its moto_server",
    );
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .env("MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("PAAS_TEST_MOTO={} cannot be run: {error}", program.display()));
        // It ends at once when another process got the port first.
        while server.try_wait().unwrap().is_none() {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() && server.try_wait().unwrap().is_none() {
                return (server, format!("http://127.0.0.1:{port}"));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}
