//! The hosts that the tests of pools run on are machines enough.

use std::net::TcpStream;

use crate::harness::{Host, Moto, Network, Rack, eventually, seconds};

#[test]
fn a_host_can_be_cut_off_and_switched_off_and_has_its_own_processes_files_and_engine() {
    let rack = Rack::new();
    let host = Host::boot(rack.hosts(), "alone", Network::address(99));
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
}

#[test]
fn an_instance_of_ec2_boots_as_a_host_runs_its_user_data_and_ends_when_it_is_terminated() {
    let rack = Rack::new();
    let mut moto = Moto::start();
    moto.boot_into(rack.hosts().to_owned());
    let id = moto.launch("#!/bin/sh\necho $PAAS_HOST_ZONE >/etc/was-here\n", &[]);
    let instance = moto.running().remove(0);
    assert_eq!(instance.id, id);
    let host = moto.host(&instance);
    let said = || host.sh("cat /etc/was-here").stdout;
    eventually("its user data has run", seconds(20), || (said() == format!("{}\n", instance.zone)).then_some(()));
    assert!(host.sh("ip -brief address").ok().stdout.contains(&instance.address.to_string()));
    moto.terminate(&instance);
    eventually("the host is gone", seconds(20), || (host.sh("true").status != Some(0)).then_some(()));
}

fn start_engine(host: &Host) {
    host.sh_in_background("exec dockerd $PAAS_DOCKERD_FLAGS");
    eventually("its engine answers", seconds(30), || (host.docker(&["version"]).status == Some(0)).then_some(()));
}

const SERVER: &str = "use Socket; socket(S, PF_INET, SOCK_STREAM, 6); bind(S, sockaddr_in(5000, INADDR_ANY)); \
                      listen(S, 9); while (accept(C, S)) { close C }";
