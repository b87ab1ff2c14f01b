//! The hosts that the tests of pools run on are machines enough.

use std::net::TcpStream;

use crate::harness::{Host, Network, eventually, seconds};

#[test]
fn a_host_can_be_cut_off_and_switched_off_and_has_its_own_processes_files_and_engine() {
    let _network = Network::take();
    let scratch = tempfile::tempdir_in("/var/tmp").unwrap();
    let host = Host::boot(scratch.path(), "alone", Network::address(99));
    host.sh("touch /etc/of-its-own").ok();
    assert!(!std::path::Path::new("/etc/of-its-own").exists());
    assert_eq!(host.sh("hostname").ok().stdout, "alone\n");

    start_engine(&host);
    host.sh("tar --create --directory /usr/bin sleep sh | docker import - tool").ok();
    let mounts = ["/lib", "/lib64", "/usr"].map(|path| format!("--volume={path}:{path}:ro"));
    let [lib, lib64, usr] = mounts.each_ref().map(String::as_str);
    let run = ["run", "--detach", "--publish=5000:5000", "--label=test=hosts", lib, lib64, usr, "tool"];
    host.docker(&[&run[..], &["/usr/bin/perl", "-e", SERVER]].concat()).ok();
    let answers = || TcpStream::connect_timeout(&(host.address, 5000).into(), seconds(1)).is_ok();
    eventually("its published port answers", seconds(10), || answers().then_some(()));

    host.cut();
    assert!(!answers());
    assert_eq!(host.labelled("test=hosts")[0].state, "running", "containers do not need the network");
    host.mend();
    eventually("it is back", seconds(10), || answers().then_some(()));
    host.slow("64kbit");

    host.kill_engine();
    assert!(answers(), "containers do not need the engine");
    host.kill9();
    assert!(!answers());
    host.boot_again_by(start_engine);
    assert_eq!(host.labelled("test=hosts")[0].state, "exited", "its disk is as it was");
    host.destroy();
}

fn start_engine(host: &Host) {
    host.sh_in_background("exec dockerd $PAAS_DOCKERD_FLAGS");
    eventually("its engine answers", seconds(30), || (host.docker(&["version"]).status == Some(0)).then_some(()));
}

const SERVER: &str = "use Socket; socket(S, PF_INET, SOCK_STREAM, 6); bind(S, sockaddr_in(5000, INADDR_ANY)); \
                      listen(S, 9); while (accept(C, S)) { close C }";
