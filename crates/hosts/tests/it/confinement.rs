//! What a container cannot do.

use bollard::Docker;
use paas_hosts::{BuildFirewall, ContainerSpec, ContainerState, Engine, Network, RootShell, testing::contract::holds};
use tokio::io::AsyncReadExt;

use crate::fixture::{IMAGE, docker, outcome, printed};

#[tokio::test]
async fn a_container_has_no_capabilities_and_can_gain_none() {
    holds(docker(), IMAGE, async |bench| {
        let spec = bench.spec("id -u; grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs)' /proc/self/status | tr -d '\\t'");
        let (status, text) = outcome(bench, &spec).await;
        assert_eq!(status, 0);
        assert_eq!(
            text,
            "1000\nCapPrm:0000000000000000\nCapEff:0000000000000000\nCapBnd:0000000000000000\nNoNewPrivs:1\n"
        );
    })
    .await;
}

#[tokio::test]
async fn a_container_over_its_memory_is_killed_and_says_why() {
    holds(docker(), IMAGE, async |bench| {
        // `tail` keeps the last line of an endless one.
        let name = bench.start("eats", &bench.spec("exec tail /dev/zero")).await;
        assert_eq!(bench.engine.wait(&name).await.unwrap(), 137);
        assert_eq!(bench.state(&name).await, Some(ContainerState::Ended { exit_code: 137, out_of_memory: true }));
    })
    .await;
}

#[tokio::test]
async fn a_container_cannot_have_more_processes_than_its_limit() {
    holds(docker(), IMAGE, async |bench| {
        let mut spec = bench.spec("for i in 1 2 3 4 5 6 7 8 9; do sleep 600 & done; wait");
        spec.limits.processes = 6;
        let (status, text) = outcome(bench, &spec).await;
        assert_ne!(status, 0);
        assert!(text.contains("Cannot fork"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn a_file_cannot_grow_past_its_limit_and_no_core_is_written() {
    holds(docker(), IMAGE, async |bench| {
        let mut spec = bench.spec("ulimit -c; ulimit -n; head -c 9000 /dev/zero > /tmp/file; stat -c %s /tmp/file");
        spec.limits.file_bytes = Some(4096);
        let (_, text) = outcome(bench, &spec).await;
        let lines: Vec<_> = text.lines().filter(|line| line.parse::<u64>().is_ok()).collect();
        assert_eq!(lines, ["0", "10000", "4096"], "{text}");
    })
    .await;
}

#[tokio::test]
async fn one_container_cannot_reach_another() {
    holds(docker(), IMAGE, async |bench| {
        let listen = "exec perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 5000, Listen => 5); $| = 1; print \"ready\\n\"; while ($c = $s->accept) { print $c \"hello\\n\"; close $c }'";
        let mut spec = bench.spec(listen);
        spec.port = Some(5000);
        let server = bench.start("server", &spec).await;
        let mut log = bench.engine.logs(&server, None).await.unwrap();
        futures::StreamExt::next(&mut log).await.unwrap().unwrap();
        let address = bench.engine.inspect(&server).await.unwrap().unwrap().address.unwrap();

        tokio::net::TcpStream::connect(address).await.expect("this machine reaches it");
        let connect = format!(
            "exec perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(PeerAddr => \"{address}\", Timeout => 2); print $s ? \"reached\" : \"cut off\"'"
        );
        let client = bench.start("client", &bench.spec(&connect)).await;
        assert_eq!(printed(bench, &client).await, "cut off");
    })
    .await;
}

/// Listeners on all of the machine's addresses. Dynos show that they can be reached.
#[tokio::test]
async fn a_build_reaches_nothing_of_the_machine_but_what_is_allowed() {
    holds(docker(), IMAGE, async |bench| {
        let (closed, open) = (listener().await, listener().await);
        let own = own_address();
        let firewall = BuildFirewall {
            installation: "test".to_owned(),
            allow: vec![format!("{own}:{open}").parse().unwrap()],
            deny: vec!["198.51.100.0/24".parse().unwrap()],
        };
        bench.engine.ensure_build_firewall(IMAGE, &firewall).await.unwrap();
        let mut build = bench.spec("");
        build.network = Network::Builds;
        let mut dyno = bench.spec("");
        dyno.network = Network::Dynos;

        // The default route's gateway stands in hexadecimal, from behind.
        let connect = |address: &str, port: u16| {
            let script = format!(
                r#"use IO::Socket::INET; my $to = "{address}";
                if ($to eq "gateway") {{
                  open(my $routes, "<", "/proc/net/route");
                  while (<$routes>) {{ my @word = split; $to = join(".", reverse map {{ hex }} $word[2] =~ /../g) if $word[1] eq "00000000" }}
                }}
                print IO::Socket::INET->new(PeerAddr => "$to:{port}", Timeout => 3) ? "reached" : "cut off""#
            );
            ["perl", "-e", &script].map(str::to_owned).to_vec()
        };
        let tries = [
            (&dyno, own.as_str(), closed, "reached"),
            (&build, &own, closed, "cut off"),
            (&build, "gateway", closed, "cut off"),
            (&build, "127.0.0.1", closed, "cut off"),
            (&build, &own, open, "reached"),
            (&build, "169.254.169.254", 80, "cut off"),
            (&build, "198.51.100.7", 443, "cut off"),
        ];
        for (number, (spec, address, port, expected)) in tries.into_iter().enumerate() {
            let mut spec = spec.clone();
            spec.command = connect(address, port);
            let name = bench.start(&format!("tries-{number}"), &spec).await;
            assert_eq!(printed(bench, &name).await, expected, "{address}:{port} from {:?}", spec.network);
        }

        // What was allowed is so no longer; nothing else has changed.
        let firewall = BuildFirewall { allow: Vec::new(), ..firewall };
        bench.engine.ensure_build_firewall(IMAGE, &firewall).await.unwrap();
        build.command = connect(&own, open);
        assert_eq!(outcome(bench, &build).await.1, "cut off");
        assert_eq!(bench.engine.list("paas", "firewall").await.unwrap(), [], "the helper is gone");
    })
    .await;
}

#[tokio::test]
async fn dynos_and_builds_are_in_control_groups_of_their_own_where_those_have_their_weights() {
    holds(docker(), IMAGE, async |bench| {
        let mut build = bench.spec("exec sleep 100000");
        build.network = Network::Builds;
        let dyno = ContainerSpec { network: Network::Dynos, ..build.clone() };
        let api = Docker::connect_with_local_defaults().unwrap();
        let mut parents = Vec::new();
        for (name, spec) in [("before", &build), ("one", &build), ("another", &build), ("dyno", &dyno)] {
            if name == "one" {
                let firewall = BuildFirewall { installation: "groups".to_owned(), allow: vec![], deny: vec![] };
                bench.engine.ensure_build_firewall(IMAGE, &firewall).await.unwrap();
            }
            let container = bench.start(name, spec).await;
            let found = api.inspect_container(&container.0, None).await.unwrap();
            let group = cgroup_of(found.state.and_then(|state| state.pid).unwrap());
            parents.push(group.rsplit_once('/').unwrap().0.to_owned());
        }
        let [before, one, another, dyno] = &parents[..] else { panic!("{parents:?}") };
        assert!(!before.contains("paas"), "{parents:?}");
        assert!(["/paas-builds", "/paasbuilds.slice"].contains(&one.as_str()), "{parents:?}");
        assert_eq!(one, another);
        assert!(["/paas-dynos", "/paasdynos.slice"].contains(&dyno.as_str()), "{parents:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_frozen_does_nothing_more() {
    holds(docker(), IMAGE, async |bench| {
        let script = "n=0; while :; do n=$((n + 1)); echo $n >/tmp/count; [ $n != 1 ] || echo counts; sleep 0.01; done";
        let name = bench.start("counts", &bench.spec(script)).await;
        let mut log = bench.engine.logs(&name, None).await.unwrap();
        futures::StreamExt::next(&mut log).await.unwrap().unwrap();
        let count = async || {
            let pieces: Vec<_> =
                futures::TryStreamExt::try_collect(bench.engine.download(&name, "/tmp/count").await.unwrap())
                    .await
                    .unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            pieces.concat()
        };
        assert_ne!(count().await, count().await);
        bench.engine.freeze(&name).await.unwrap();
        assert_eq!(count().await, count().await);
    })
    .await;
}

/// That decides on a process's share of the CPU: `/paas-builds/4f…`.
fn cgroup_of(pid: i64) -> String {
    let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let of_cpu =
        groups.lines().find(|line| line.contains(":cpu:") || line.contains(":cpu,") || line.starts_with("0::"));
    of_cpu.and_then(|line| line.rsplit_once(':')).unwrap().1.to_owned()
}

/// The port of a listener that answers on every address of the machine, for as long as the test runs.
async fn listener() -> u16 {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    port
}

/// What this machine sends from. Nothing is sent.
fn own_address() -> String {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:9").unwrap();
    socket.local_addr().unwrap().ip().to_string()
}

#[tokio::test]
async fn files_that_were_put_in_are_there_with_their_owner_for_the_process() {
    holds(docker(), IMAGE, async |bench| {
        let name = bench
            .create("given", &bench.spec("stat -c %u:%g /tmp/mine; echo more >> /tmp/mine && cat /tmp/mine"))
            .await;
        let mut header = tar::Header::new_gnu();
        header.set_size(6);
        header.set_mode(0o600);
        header.set_uid(1000);
        header.set_gid(1000);
        let mut tar = tar::Builder::new(Vec::new());
        tar.append_data(&mut header, "mine", &b"given\n"[..]).unwrap();
        let tar = tar.into_inner().unwrap();
        bench.engine.upload(&name, "/tmp", Box::pin(futures::stream::iter([Ok(tar.into())]))).await.unwrap();
        bench.engine.start(&name).await.unwrap();
        assert_eq!(printed(bench, &name).await, "1000:1000\ngiven\nmore\n");
    })
    .await;
}

#[tokio::test]
async fn only_a_root_shell_is_among_the_files_processes_and_network_of_the_host() {
    let looks = "for n in mnt pid net ipc uts; do readlink /proc/self/ns/$n; done";
    holds(docker(), IMAGE, async |bench| {
        let (_, confined) = outcome(bench, &bench.spec(looks)).await;
        let name = bench.name("root");
        let shell = RootShell {
            image: IMAGE.to_owned(),
            command: ["/bin/sh", "-c", looks].map(str::to_owned).to_vec(),
            labels: bench.spec("").labels,
            tty: false,
        };
        bench.engine.create_root_shell(&name, &shell).await.unwrap();
        let mut streams = bench.engine.attach(&name).await.unwrap();
        bench.engine.start(&name).await.unwrap();
        let mut free = String::new();
        streams.output.read_to_string(&mut free).await.unwrap();
        let hosts: Vec<_> = ["mnt", "pid", "net", "ipc", "uts"]
            .map(|kind| std::fs::read_link(format!("/proc/self/ns/{kind}")).unwrap().display().to_string())
            .to_vec();
        assert_eq!(free.lines().collect::<Vec<_>>(), hosts);
        assert!(confined.lines().all(|namespace| !hosts.iter().any(|host| host == namespace)), "{confined}");
    })
    .await;
}

#[tokio::test]
async fn a_command_that_the_image_lacks_ends_with_127() {
    holds(docker(), IMAGE, async |bench| {
        let mut spec = bench.spec("");
        spec.command = vec!["/no/such/program".to_owned()];
        let (status, text) = outcome(bench, &spec).await;
        assert_eq!(status, 127);
        assert!(text.contains("/no/such/program"), "{text}");
    })
    .await;
}
