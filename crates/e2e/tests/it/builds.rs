//! Builds that do harm, or mean to: the push fails, says why, and nothing else changes.

use std::{
    net::{TcpListener, TcpStream},
    process::Command,
};

use crate::harness::{Container, Platform, Push, Repo, SERVER, WEB, containers, eventually, run, seconds};

/// Of the build's output, more than this is not passed on.
const TRANSCRIPT_BYTES: usize = 20 << 20;
const SERVER_MB: u64 = 200;

#[test]
fn a_build_that_fails_leaves_the_app_as_it_was() {
    let platform = Platform::start_with(&[("PAAS_BUILD_TIMEOUT_SECONDS", "20"), ("PAAS_BUILD_DISK_MB", "256")]);
    let repo = Repo::deployed(&platform, "hello", "one");
    let good = remote_head(&repo);
    let compile = |script: &str| {
        repo.commit([("bin/compile", format!("#!/bin/bash\n{script}\n"))]);
        repo.push()
    };

    let transcript = compile("echo some words; exit 1").rejected();
    assert!(transcript.contains("\nsome words\n"), "{transcript}");
    assert!(transcript.contains(" !     Push rejected, failed to compile Inline app."), "{transcript}");
    assert!(transcript.contains("[remote rejected] main -> main (pre-receive hook declined)"), "{transcript}");

    let transcript = compile("sleep 1000").rejected();
    assert!(transcript.contains("build took longer than 20 seconds"), "{transcript}");

    let transcript = compile("head -c 2000000000 /dev/zero >\"$1/large\"; sleep 1000").rejected();
    assert!(transcript.contains("wrote more than 256M"), "{transcript}");

    let transcript = compile("bomb() { bomb | bomb & }; bomb; sleep 1000").rejected();
    assert!(transcript.contains(" !     Push failed"), "{transcript}");

    assert_eq!(remote_head(&repo), good, "the ref stays at what runs");
    platform.answers("hello", "version=one");
    assert_eq!(platform.sql("select count(*) from releases"), "3");
    platform.loses_containers_of_builds();
}

#[test]
fn a_build_reaches_nothing_of_the_platform_nor_of_other_apps() {
    // On every address, as installations have it; those of tests are on loopback.
    let api = TcpListener::bind("0.0.0.0:0").and_then(|free| free.local_addr()).expect("some port is free").port();
    let platform = Platform::start_with(&[("PAAS_HTTPS_LISTEN", &format!("0.0.0.0:{api}"))]);
    let repo = Repo::deployed(&platform, "hello", "one");
    let dyno = platform.sql("select address from dynos where state = 'up'");
    let other = Repo::create(&platform, "other", true);
    other.commit([("bin/compile", "#!/bin/sh\necho half way\nexec python3 -m http.server 7000\n")]);
    let mut push = other.push_in_background();
    let address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    let building = eventually("another app is being built", seconds(60), || {
        let container = platform.builds().into_iter().next()?;
        let inspected = run(Command::new("docker").args(["inspect", "--format", address, &container.id])).ok().stdout;
        let address = format!("{}:7000", inspected.trim());
        TcpStream::connect(&address).is_ok().then_some(address)
    });
    let buildpack = platform.buildpack.trim_start_matches("http://").split('/').next().expect("it has a host");
    let (own, allowed) = buildpack.split_once(':').expect("it has a port");
    for address in [dyno.as_str(), &format!("{own}:{api}"), buildpack] {
        TcpStream::connect(address).unwrap_or_else(|error| panic!("{address} is there: {error}"));
    }

    let probes = format!(
        "#!/bin/bash
        probe() {{ timeout 3 bash -c \"exec 3<>/dev/tcp/${{1%:*}}/${{1##*:}}\" 2>/dev/null && echo \"reached ${{2:-$1}}\" || echo \"cut off ${{2:-$1}}\"; }}
        route=$(awk '$2 == \"00000000\" {{ print $3 }}' /proc/net/route)
        gateway=$((16#${{route:6:2}})).$((16#${{route:4:2}})).$((16#${{route:2:2}})).$((16#${{route:0:2}}))
        probe {own}:{api}; probe $gateway:{api} api-by-gateway; probe $gateway:{allowed} buildpack-by-gateway; probe 127.0.0.1:{api}
        probe 169.254.169.254:80; probe {dyno}; probe {building}; probe {buildpack}
        for socket in /var/run/docker.sock /run/docker.sock {data}/postgres/run/.s.PGSQL.5432; do [[ -e $socket ]] && echo reached $socket || echo cut off $socket; done
        exit 1\n",
        data = platform.directory.join("data").display()
    );
    repo.commit([("bin/compile", probes)]);
    let transcript = repo.push().rejected();
    let reached: Vec<_> = transcript.lines().filter_map(|line| line.split_once("reached ")).collect();
    assert!(matches!(reached[..], [(_, only)] if only.trim() == buildpack), "only what is allowed:\n{transcript}");
    assert_eq!(transcript.matches("cut off ").count(), 10, "{transcript}");

    platform.paas(&["builds:cancel", "--app", "other"]).ok();
    assert!(!push.wait().expect("git can be waited for").success());
}

#[test]
fn an_app_that_is_destroyed_in_the_middle_of_its_build_takes_the_build_with_it() {
    let platform = Platform::start();
    let repo = Repo::create(&platform, "hello", true);
    repo.commit([("bin/compile", "#!/bin/sh\necho half way\nsleep 1000\n")]);
    let mut push = repo.push_in_background();
    eventually("the build is half way", seconds(60), || {
        platform.sql("select chunk from build_output").contains("half way").then_some(())
    });
    let running = platform.builds();
    assert_eq!(running.len(), 1);
    platform.paas(&["destroy", "--app", "hello", "--confirm", "hello"]).ok();
    eventually("its container is gone", seconds(60), || (!running[0].is_there()).then_some(()));
    assert!(!push.wait().expect("git can be waited for").success());
}

#[test]
fn a_build_that_prints_a_hundred_megabytes_is_cut_short_and_ends_well() {
    let platform = Platform::start();
    let repo = Repo::create(&platform, "hello", true);
    let compile = "#!/bin/bash\nyes 'the same line over and over' | head -c 100000000\necho last words\n";
    repo.commit([("Procfile", WEB), ("server.py", SERVER), ("VERSION", "one"), ("bin/compile", compile)]);
    let Push { accepted, transcript } = repo.push();
    let end: String = transcript.chars().rev().take(2000).collect::<Vec<_>>().into_iter().rev().collect();
    assert!(accepted, "{end}");
    assert!(transcript.len() < TRANSCRIPT_BYTES, "{} bytes came through", transcript.len());
    assert!(end.contains("Released v3"), "{end}");
    platform.answers("hello", "version=one");
    let megabytes = platform.server_memory_mb();
    assert!(megabytes < SERVER_MB, "the server holds {megabytes} MB");
}

#[test]
fn sources_of_every_kind_are_told_what_is_wrong_or_run() {
    let platform = Platform::start();
    let nothing = Repo::create(&platform, "nothing", false);
    nothing.commit([("README.md", "No code here.")]);
    let transcript = nothing.push().rejected();
    assert!(transcript.contains(" !     No default language could be detected for this app."), "{transcript}");

    let blank = Repo::create(&platform, "blank", true);
    blank.commit([("README.md", "No Procfile.")]);
    assert!(blank.push().ok().contains("Procfile declares types -> (none)"));
    assert_eq!(platform.get("blank", "/").status, 503);

    let odd = Repo::create(&platform, "odd", true);
    let procfile = format!("\u{feff}# comment\r\n\r\n{}worker: sleep 1000", WEB.replace('\n', "\r\n"));
    odd.commit([
        ("Procfile", procfile.as_str()),
        ("server.py", SERVER),
        ("VERSION", "one"),
        ("a file with  blanks", "1"),
        ("new\nline", "2"),
        ("ünïcödé-名前", "3"),
    ]);
    std::os::unix::fs::symlink("/etc/passwd", odd.directory.join("out-of-the-tree")).expect("the checkout is ours");
    std::os::unix::fs::symlink("../../..", odd.directory.join("up")).expect("the checkout is ours");
    odd.git(&["add", "--all"]).ok();
    odd.git(&["commit", "--quiet", "--message=Links"]).ok();
    let transcript = odd.push().ok();
    assert!(transcript.contains("Procfile declares types -> web, worker"), "{transcript}");
    platform.answers("odd", "version=one");
    let ran = platform.paas(&["run", "--app", "odd", "--", "ls"]).ok();
    assert!(ran.stdout.contains("a file with  blanks") && ran.stdout.contains("名前"), "{ran}");

    let branch = odd.push_with(&["paas", "main:refs/heads/feature"]).ok();
    assert!(branch.contains("Pushed to branch other than [main, master], skipping build."), "{branch}");
    assert_eq!(platform.sql("select count(*) from builds where created_at > now() - interval '1 hour'"), "3");
    // A force push of history that has nothing in common.
    odd.git(&["checkout", "--quiet", "--orphan", "other"]).ok();
    odd.commit([("VERSION", "two")]);
    assert!(!odd.push_with(&["paas", "other:main"]).accepted);
    odd.push_with(&["--force", "paas", "other:main"]).ok();
    platform.answers("odd", "version=two");
}

fn remote_head(repo: &Repo) -> String {
    repo.git(&["ls-remote", "paas", "refs/heads/main"]).ok().stdout
}

#[test]
fn the_next_build_finds_a_container_that_waits_for_it() {
    let mut platform = Platform::start_with(&[("PAAS_WARM_BUILDS", "1")]);
    let repo = Repo::deployed(&platform, "hello", "one");
    assert!(has_restored(&platform), "the first build has nothing to find");
    let first = waits_for_a_build(&platform);

    repo.commit([("VERSION", "two")]);
    repo.push().ok();
    platform.answers("hello", "version=two ");
    assert!(!has_restored(&platform));
    let second = waits_for_a_build(&platform);
    assert!(!first.is_there(), "it was the build's, which has ended");

    // It is known by nothing but what the engine has.
    platform.kill9();
    platform.launch();
    let repo = Repo::existing(&platform, "hello");
    repo.commit([("VERSION", "three")]);
    repo.push().ok();
    platform.answers("hello", "version=three ");
    assert!(!has_restored(&platform));
    waits_for_a_build(&platform);
    assert!(!second.is_there());

    platform.paas(&["destroy", "--app", "hello", "--confirm", "hello"]).ok();
    eventually("nothing waits for an app that is gone", seconds(120), || waiting(&platform).is_none().then_some(()));
}

/// The container that is to be the next build's.
fn waits_for_a_build(platform: &Platform) -> Container {
    eventually("a container waits for a build", seconds(60), || {
        waiting(platform).filter(|container| container.state == "paused")
    })
}

/// Whatever it is doing.
fn waiting(platform: &Platform) -> Option<Container> {
    let host = platform.sql("select id from hosts");
    containers::labelled(&format!("paas.warm.host={host}")).into_iter().find(|it| it.name.starts_with("warm-"))
}

/// Whether the last build had a container to make, and so its cache to unpack.
fn has_restored(platform: &Platform) -> bool {
    platform.sql("select stages ? 'restore' from builds order by id desc limit 1") == "t"
}
