//! The join script, run on machines that know nothing of the platform.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Output, Stdio},
    sync::atomic::Ordering,
    time::Duration,
};

use paas_hosts::{
    ContainerSpec, ContainerState, DockerEngine, DockerEngines, Engine, Network,
    testing::contract::{Bench, holds},
};
use tokio::{io::AsyncWriteExt, net::TcpListener, process::Command};

use crate::{
    fixture::{IMAGE, printed},
    join_stub::{JoinStub, REGISTRY, RENEWAL_TOKEN, TOKEN},
    machine::Machine,
};

/// A machine, and the platform that it is to join.
struct Joining {
    machine: Machine,
    stub: JoinStub,
}

impl Joining {
    async fn new(name: &'static str, number: u8) -> Self {
        let machine = Machine::bare(name, number);
        let stub = JoinStub::start(machine.gateway(), machine.host()).await;
        Self { machine, stub }
    }

    /// Pastes the command into a root shell of the machine.
    async fn join(&self, token: &str) -> Output {
        self.run("sh", &[], &self.stub.command(token)).await
    }

    /// A command of the script as the machine keeps it.
    async fn script(&self, command: &str) -> Output {
        self.run("sh", &["/etc/paas/host/host.sh", command], "").await
    }

    async fn run(&self, program: &str, arguments: &[&str], input: &str) -> Output {
        let directory = self.machine.directory();
        let at = |name: &str| directory.join(name).display().to_string();
        let flags = format!(
            "--data-root {} --exec-root {} --pidfile {} --cgroup-parent /{} --bip 10.211.128.1/24 \
             --default-address-pool base=10.211.192.0/18,size=24",
            at("data"),
            at("exec"),
            at("docker.pid"),
            self.machine.name,
        );
        let mut command = Command::from(self.machine.command(program));
        command
            .args(arguments)
            .env("PAAS_HOST_NAME", "shed-1")
            .env("PAAS_DOCKERD_FLAGS", flags)
            .env("PAAS_DOCKER_SOCKET", at("docker.sock"))
            .env("PAAS_PLATFORM_NETWORK", "10.211.0.0/18")
            .env("CALLS", at("systemctl.calls"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
        child.wait_with_output().await.unwrap()
    }

    /// A file of the machine.
    fn file(&self, path: &str) -> PathBuf {
        self.machine.directory().join(path.trim_start_matches('/'))
    }

    fn engine(&self) -> DockerEngine {
        let tls = self.stub.shared.authority.client();
        DockerEngines::new(Some(&tls)).unwrap().docker(&self.machine.endpoint()).unwrap()
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn assert_succeeded(output: &Output) {
    assert!(output.status.success(), "{}: {}", output.status, said(output));
}

/// What a container prints that tries to connect: `reached` or `cut off`.
async fn tries(bench: &Bench<DockerEngine>, name: &str, address: &str) -> String {
    let script = format!(
        "exec perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(PeerAddr => \"{address}\", Timeout => 3); print $s ? \"reached\" : \"cut off\"'"
    );
    let name = bench.start(name, &dyno(bench, &script)).await;
    printed(bench, &name).await
}

/// As the platform runs dynos: their network is not the builds'.
fn dyno(bench: &Bench<DockerEngine>, script: &str) -> ContainerSpec {
    ContainerSpec { network: Network::Dynos, ..bench.spec(script) }
}

#[tokio::test]
async fn a_machine_joins_by_one_command_and_its_docker_engine_runs_containers() {
    let joining = Joining::new("paasht-join", 3).await;
    let joined = joining.join(TOKEN).await;
    assert_succeeded(&joined);
    let said = said(&joined);
    let key = fs::read_to_string(joining.file("/etc/paas/host/key.pem")).unwrap();
    for secret in [TOKEN, RENEWAL_TOKEN, key.lines().nth(1).unwrap()] {
        assert!(!said.contains(secret), "{said}");
    }
    for secret in ["key.pem", "renewal-token", "settings"] {
        let mode = fs::metadata(joining.file("/etc/paas/host").join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let authority = joining.file("/etc/docker/certs.d").join(REGISTRY).join("ca.crt");
    assert_eq!(fs::read_to_string(authority).unwrap(), "-----REGISTRY'S CA-----\nline\n");

    joining.machine.load_image();
    holds(joining.engine(), IMAGE, async |bench| {
        let listen = "hostname -i; exec perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 5000, Listen => 5); $| = 1; print \"ready\\n\"; while ($c = $s->accept) { print $c \"hello\\n\"; close $c }'";
        let server = bench.start("server", &ContainerSpec { port: Some(5000), ..dyno(bench, listen) }).await;
        let mut log = bench.engine.logs(&server, None).await.unwrap();
        let own_address = futures::StreamExt::next(&mut log).await.unwrap().unwrap();
        futures::StreamExt::next(&mut log).await.unwrap().unwrap();
        let own_address = String::from_utf8_lossy(&own_address.bytes).trim().to_owned();
        assert!(own_address.starts_with("10.211.128."), "it is on the default bridge, whose range is this: {own_address}");
        let address = bench.engine.inspect(&server).await.unwrap().unwrap().address.unwrap();
        assert_eq!(address.ip(), joining.machine.ip());
        tokio::net::TcpStream::connect(address).await.expect("its port is published");

        // From inside: another container by both of its addresses, its host's engine, the platform, instance metadata.
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(tries(bench, "world", &format!("{}:{port}", joining.machine.elsewhere())).await, "reached");
        let platform = format!("{}:{port}", joining.machine.gateway());
        let engine = joining.machine.address();
        for (name, to) in [
            ("published", address.to_string()),
            ("container", format!("{own_address}:5000")),
            ("engine", engine.to_string()),
            ("platform", platform),
            ("metadata", "169.254.169.254:80".to_owned()),
        ] {
            assert_eq!(tries(bench, name, &to).await, "cut off", "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn running_the_command_again_repairs_and_containers_of_the_docker_engine_run_on() {
    let joining = Joining::new("paasht-again", 4).await;
    assert_succeeded(&joining.join(TOKEN).await);
    joining.machine.load_image();
    holds(joining.engine(), IMAGE, async |bench| {
        let name = bench.start_until_it_prints("runs", "echo ready; exec sleep 600").await;
        let key = fs::read(joining.file("/etc/paas/host/key.pem")).unwrap();
        assert_succeeded(&joining.run("rm", &["/etc/paas/host/cert.pem"], "").await);
        assert_succeeded(&joining.run("iptables", &["-F", "PAAS-OUT"], "").await);

        assert_succeeded(&joining.join(TOKEN).await);
        assert_eq!(fs::read(joining.file("/etc/paas/host/key.pem")).unwrap(), key, "the key is the machine's");
        assert_eq!(bench.state(&name).await, Some(ContainerState::Running));
        assert_eq!(tries(bench, "metadata", "169.254.169.254:80").await, "cut off");
        let rules = said(&joining.run("iptables", &["-S", "PAAS-OUT"], "").await);
        // The network of the machine's own cable is where other hosts' dynos would be.
        for rule in ["169.254.0.0/16", "--dport 32768:60999"] {
            assert_eq!(rules.matches(rule).count(), 1, "{rule}: {rules}");
        }
        let jumps = said(&joining.run("iptables", &["-S", "DOCKER-USER"], "").await);
        assert_eq!(jumps.matches("PAAS-FORWARD").count(), 1, "{jumps}");
    })
    .await;
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_renewed_and_containers_of_the_docker_engine_run_on() {
    let joining = Joining::new("paasht-renew", 5).await;
    joining.stub.shared.days.store(10, Ordering::Relaxed);
    assert_succeeded(&joining.join(TOKEN).await);
    joining.machine.load_image();
    holds(joining.engine(), IMAGE, async |bench| {
        let name = bench.start_until_it_prints("runs", "echo ready; exec sleep 600").await;
        joining.stub.shared.days.store(90, Ordering::Relaxed);
        let renewed = joining.script("--renew").await;
        assert_succeeded(&renewed);
        assert!(!said(&renewed).contains(RENEWAL_TOKEN));
        assert_eq!(joining.stub.shared.signed.load(Ordering::Relaxed), 2);
        // The engine starts anew, with the new certificate.
        while bench.engine.ping().await.is_err() {}
        assert_eq!(bench.state(&name).await, Some(ContainerState::Running));

        assert_succeeded(&joining.script("--renew").await);
        assert_eq!(joining.stub.shared.signed.load(Ordering::Relaxed), 2, "there is nothing to renew");
    })
    .await;
}

#[tokio::test]
async fn a_docker_engine_that_is_killed_is_started_again_until_the_machine_leaves() {
    let joining = Joining::new("paasht-killed", 8).await;
    assert_succeeded(&joining.join(TOKEN).await);
    joining.machine.load_image();
    holds(joining.engine(), IMAGE, async |bench| {
        let name = bench.start_until_it_prints("runs", "echo ready; exec sleep 600").await;
        let killed = joining.run("sh", &[], "kill -KILL $(cut -d ' ' -f 1 /etc/paas/host/dockerd.pid)").await;
        assert_succeeded(&killed);
        while bench.engine.ping().await.is_err() {}
        assert_eq!(bench.state(&name).await, Some(ContainerState::Running));
        // A second supervisor would start a second engine.
        assert_succeeded(&joining.run("/etc/paas/host/start-engine", &[], "").await);

        assert_succeeded(&joining.script("--leave").await);
        assert!(!joining.file("/etc/paas/host/key.pem").exists());
        bench.engine.ping().await.unwrap_err();
        // To remove the container by.
        assert_succeeded(&joining.join(TOKEN).await);
        assert_eq!(bench.state(&name).await, Some(ContainerState::Running), "what runs, runs on");
    })
    .await;
}

/// Machines boot the same way every time, so that the supervisor has the process id of the one before.
#[tokio::test]
async fn the_docker_engine_starts_after_a_boot_that_gives_its_supervisor_the_id_that_the_last_one_had() {
    let joining = Joining::new("paasht-booted", 9).await;
    assert_succeeded(&joining.join(TOKEN).await);
    let boot = "cd /etc/paas/host
        kill -KILL $(cut -d ' ' -f 1 supervisor.pid) $(cut -d ' ' -f 1 dockerd.pid)
        setsid sh -c 'echo $$ >supervisor.pid; exec ./start-engine' >/dev/null 2>&1 </dev/null &";
    assert_succeeded(&joining.run("sh", &["-c", boot], "").await);
    let engine = joining.engine();
    let answers = async { while engine.ping().await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(60), answers).await.expect("the engine starts");
}

#[tokio::test]
async fn a_token_that_is_refused_leaves_the_machine_as_it_was() {
    let joining = Joining::new("paasht-refused", 6).await;
    let refused = joining.join("another").await;
    assert!(!refused.status.success());
    let said = said(&refused);
    assert!(said.contains("refused (401): The token \"x\" has been used."), "{said}");
    assert!(said.contains("paas hosts:add"), "{said}");
    assert!(!joining.file("/etc/paas/host/settings").exists());
    joining.engine().ping().await.unwrap_err();
}

#[tokio::test]
async fn with_systemd_the_docker_engine_is_its_own_and_stays_so() {
    let joining = Joining::new("paasht-systemd", 7).await;
    fs::create_dir_all(joining.file("/run/systemd/system")).unwrap();
    // Does what systemd would: the last ExecStart counts, and the socket is handed over.
    let systemctl = "#!/bin/sh\necho \"$*\" >>\"$CALLS\"\n[ \"$*\" = 'restart docker.service' ] || exit 0\n\
        unit=/etc/systemd/system/docker.service.d/paas.conf\n\
        eval \"$(sed -n 's/^ExecStartPre=//p' $unit)\" || exit 1\n\
        eval \"setsid $(sed -n 's/^ExecStart=//p' $unit | tail -n 1 | sed \"s|fd://|unix://$PAAS_DOCKER_SOCKET|\") >/run/dockerd.log 2>&1 </dev/null &\"\n";
    let bin = joining.file("/etc/test-bin");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join("systemctl"), systemctl).unwrap();
    fs::set_permissions(bin.join("systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    let command = format!("PATH=/etc/test-bin:$PATH\nexport PATH\n{}", joining.stub.command(TOKEN));
    assert_succeeded(&joining.run("sh", &[], &command).await);

    joining.engine().ping().await.expect("it listens as the drop-in says");
    let calls = fs::read_to_string(joining.machine.directory().join("systemctl.calls")).unwrap();
    assert_eq!(
        calls.lines().collect::<Vec<_>>(),
        [
            "daemon-reload",
            "enable --quiet --now paas-host-renew.timer",
            "enable --quiet docker.service",
            "restart docker.service"
        ]
    );
    let timer = fs::read_to_string(joining.file("/etc/systemd/system/paas-host-renew.service")).unwrap();
    assert!(timer.contains("ExecStart=/bin/sh /etc/paas/host/host.sh --renew\n"), "{timer}");
}
