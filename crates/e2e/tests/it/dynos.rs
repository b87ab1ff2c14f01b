//! Apps that misbehave once they run: each is told so in its log, and only it suffers.

use std::time::Instant;

use crate::harness::{Platform, Repo, SERVER, WEB, eventually, seconds};

#[test]
fn an_app_that_does_not_run_is_told_why() {
    let platform = Platform::start_with(&[
        ("PAAS_BOOT_TIMEOUT_SECONDS", "5"),
        ("PAAS_STOP_TIMEOUT_SECONDS", "3"),
        ("PAAS_CRASH_BACKOFF_SECONDS", "2"),
    ]);
    for (app, web, logged) in [
        ("deaf", "exec sleep 1000", "Error R10 (Boot timeout)"),
        ("elsewhere", "exec python3 -m http.server 4321", "Error R10 (Boot timeout)"),
        ("finished", "echo done", "Process exited with status 0"),
        ("broken", "exit 1", "Process exited with status 1"),
        ("missing", "no-such-program", "Process exited with status 127"),
    ] {
        let repo = Repo::create(&platform, app, true);
        repo.commit([("Procfile", format!("web: {web}\n"))]);
        repo.push().ok();
        platform.has_logged(app, logged);
        platform.has_logged(app, "State changed from starting to crashed");
        // It is tried again, more and more seldom (Heroku: dyno crash restart policy).
        eventually(&format!("{app} has crashed twice"), seconds(90), || {
            (platform.logs(app).matches("State changed from starting to crashed").count() >= 2).then_some(())
        });
        let answer = platform.get(app, "/");
        assert_eq!(answer.status, 503, "{answer:?}");
        let ps = platform.paas_json(&["ps", "--app", app]);
        assert_eq!(ps.as_array().map(Vec::len), Some(1), "{ps}");
    }
    platform.has_logged("broken", "at=error code=H10 desc=\"App crashed\"");
}

#[test]
fn a_dyno_that_ignores_sigterm_is_killed_after_its_time() {
    let platform = Platform::start_with(&[("PAAS_STOP_TIMEOUT_SECONDS", "3")]);
    let repo = Repo::create(&platform, "stubborn", true);
    let stubborn =
        SERVER.replace("signal.signal(signal.SIGTERM, stop)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)");
    repo.commit([("Procfile", WEB), ("server.py", stubborn.as_str()), ("VERSION", "one")]);
    repo.push().ok();
    platform.answers("stubborn", "version=one");
    let old = platform.dynos();
    platform.paas(&["ps:restart", "--app", "stubborn"]).ok();
    platform.has_logged("stubborn", "Stopping all processes with SIGTERM");
    platform.has_logged("stubborn", "Error R12 (Exit timeout)");
    platform.has_logged("stubborn", "Process exited with status 137");
    eventually("the old dyno is gone", seconds(30), || {
        let now = platform.dynos();
        (now.len() == 1 && now != old).then_some(())
    });
    platform.answers("stubborn", "version=one");
}

#[test]
fn a_dyno_that_prints_ten_megabytes_a_second_harms_nobody_else() {
    let platform = Platform::start();
    Repo::deployed(&platform, "quiet", "one");
    let loud = Repo::create(&platform, "loud", true);
    // 10 MB/s in lines of 100 bytes, beside a server that answers.
    let printer = "import sys, time\nline = 'x' * 99 + '\\n'\nwhile True:\n    sys.stdout.write(line * 10000)\n    time.sleep(0.1)\n";
    let web = WEB.replace("exec", "python3 printer.py & exec");
    loud.commit([("Procfile", web.as_str()), ("server.py", SERVER), ("VERSION", "one"), ("printer.py", printer)]);
    loud.push().ok();
    platform.answers("loud", "version=one");
    let container = platform.dynos_of("loud").remove(0);

    let since = Instant::now();
    let mut slowest = since.elapsed();
    while since.elapsed() < seconds(15) {
        let request = Instant::now();
        platform.get("quiet", "/").ok();
        slowest = slowest.max(request.elapsed());
        platform.paas(&["ps", "--app", "quiet"]).ok();
    }
    assert!(slowest < seconds(2), "another app took {slowest:?}");
    let lines: u64 = platform.sql("select count(*) from log_lines").parse().expect("a number");
    assert!(lines < 20_000, "{lines} lines are kept");
    let megabytes = platform.server_memory_mb();
    assert!(megabytes < 200, "the server holds {megabytes} MB");
    let stored = container.log_bytes();
    assert!(stored < 100 << 20, "the engine keeps {stored} bytes of its log");
    assert!(platform.logs("quiet").contains("listening"), "others' logs go on");

    platform.paas(&["destroy", "--app", "loud", "--confirm", "loud"]).ok();
    eventually("it is gone", seconds(60), || platform.dynos_of("loud").is_empty().then_some(()));
}
