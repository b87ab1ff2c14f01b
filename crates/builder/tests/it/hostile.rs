//! What a stranger's source may try. Each ends as the user's failure, or as a slug that holds nothing it should not.

use std::time::{Duration, Instant};

use paas_builder::BuildLimits;

use crate::bench::{Bench, app, app_that_runs, gzip};

#[tokio::test(flavor = "multi_thread")]
async fn a_compile_that_exits_1_is_the_users_failure() {
    let bench = Bench::new().await;
    let told = bench.build(app_that_runs("echo out; echo err >&2; exit 1")).await.rejected();
    assert!(told.contains("       out\n       err\n"), "{told}");
    assert!(told.ends_with(" !     Push rejected, failed to compile Python app.\n\n !     Push failed"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compile_that_never_ends_is_stopped() {
    let mut bench = Bench::new().await;
    bench.config.limits.seconds = 3;
    let told = bench.build(app_that_runs("echo waiting; sleep infinity")).await.rejected();
    assert!(told.contains("       waiting\n"), "{told}");
    assert!(told.ends_with(" !     Push rejected, build took longer than 3 seconds.\n\n !     Push failed"), "{told}");
}

/// What it prints is what the platform's own script says in the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_compile_that_says_that_the_build_has_ended_is_held_to_it() {
    let mut bench = Bench::new().await;
    bench.config.limits.seconds = 20;
    bench.config.limits.disk_bytes = 1 << 30;
    let script = "printf '\\036build ended\\n'; for n in {1..100000}; do head -c 100k /dev/zero >$n; done";
    let since = Instant::now();
    let done = bench.build(app_that_runs(script)).await;
    assert!(since.elapsed() < Duration::from_secs(15), "{}", done.transcript());
    assert!(done.slug_size() < 10 << 20, "{}", done.transcript());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compile_that_forks_without_limit_hurts_only_itself() {
    let mut bench = Bench::new().await;
    bench.config.limits.seconds = 10;
    bench.config.limits.processes = 100;
    bench.build(app_that_runs("bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep infinity")).await.rejected();
    bench.config.limits = BuildLimits::default();
    bench.build(app(&[("requirements.txt", "")])).await.built();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compile_that_fills_the_disk_is_stopped() {
    let mut bench = Bench::new().await;
    bench.config.limits.disk_bytes = 100 << 20;
    let script = "for n in {1..1000}; do head -c 20M /dev/zero > big.$n; sleep 0.1; done";
    let told = bench.build(app_that_runs(script)).await.rejected();
    assert!(told.contains(" !     Push rejected, the build wrote more than 100M to its disk."), "{told}");
    let told = bench.build(app_that_runs("set -e; head -c 200M /dev/zero > one-file")).await.rejected();
    assert!(told.contains("failed to compile"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compile_that_takes_all_memory_is_told_so() {
    let mut bench = Bench::new().await;
    bench.config.limits.memory_mb = 128;
    let told = bench.build(app_that_runs("python3 -c 'x = bytearray(1 << 30)'")).await.rejected();
    assert!(told.contains(" !     The build ran out of memory: it may use 128 MB."), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compile_that_prints_100_mb_is_cut_and_still_says_how_it_ended() {
    let mut bench = Bench::new().await;
    bench.config.limits.output_bytes = 1 << 20;
    let done = bench.build(app_that_runs("yes $(printf 'x%.0s' {1..500}) | head -c 100M; exit 1")).await;
    let told = done.rejected();
    assert!(told.len() < 2 << 20, "{}", told.len());
    let end = " !     The output of this build is too long. The rest of it is left out.\n \
               !     Push rejected, failed to compile Python app.\n\n !     Push failed";
    assert!(told.ends_with(end), "{}", &told[told.len() - 300..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compile_that_kills_everything_around_it_is_a_failure() {
    let bench = Bench::new().await;
    let told = bench.build(app_that_runs("kill -9 -1")).await.rejected();
    assert!(told.ends_with("\n\n !     Push failed"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_are_removed_or_replaced_are_a_failure_or_nothing() {
    let bench = Bench::new().await;
    let replaced = "rm -rf /tmp/paas/result; ln -s /etc /tmp/paas/result; exit 0";
    bench.build(app_that_runs(replaced)).await.rejected();
    bench.build(app_that_runs("rm -rf /tmp/paas/result; exit 1")).await.rejected();
    let big = "head -c 50M /dev/zero > /tmp/paas/result/release.yml; mkfifo /tmp/paas/result/language";
    drop(bench.build(app_that_runs(big)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_files_directories_and_links_reach_the_slug() {
    let mut bench = Bench::new().await;
    let script = r"
        mkdir -p 'odd names' links
        touch 'odd names/with space' $'odd names/new\nline' 'odd names/ünïcode' $'odd names/\xff' $(printf 'n%.0s' {1..200})
        ln -s /etc/passwd links/out; ln -s ../../../../etc/shadow links/up; ln 'odd names/ünïcode' links/hard
        mkfifo pipe; touch setuid .wh.gone; chmod 6777 setuid
    ";
    let done = bench.build(app_that_runs(script)).await;
    assert!(done.has_line(" !     pipe was left out: it is neither a file, a directory nor a link"));
    let left_out = " !     .wh.gone was left out: image layers give names that begin with .wh. another meaning";
    assert!(done.has_line(left_out));
    let list = "find . -path ./.heroku -prune -o -printf '%y %m %u %p %l\\n' | grep -aE 'odd|links|pipe|setuid|nnn|gone' | \
                LC_ALL=C sort | sed -E 's/n{200}/N200/'";
    insta::assert_snapshot!(bench.output(done.built(), list).await, @r"
    d 755 app ./links 
    d 755 app ./odd names 
    f 644 app ./links/hard 
    f 644 app ./N200 
    f 644 app ./odd names/new
    f 644 app ./odd names/with space 
    f 644 app ./odd names/ünïcode 
    f 644 app ./odd names/� 
    f 777 app ./setuid 
    l 777 app ./links/out /etc/passwd
    l 777 app ./links/up ../../../../etc/shadow
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_leaves_its_directory_is_refused() {
    let bench = Bench::new().await;
    let told = bench.build(raw(&[("../../app/evil", b'0', "", "x")])).await.rejected();
    assert!(told.contains(" !     The source archive cannot be unpacked:"), "{told}");
    // Through a link, nothing is written either.
    let told = bench.build(raw(&[("out", b'2', "/tmp", ""), ("out/evil", b'0', "", "x")])).await.rejected();
    assert!(told.contains("Push rejected"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_archive_is_refused() {
    let bench = Bench::new().await;
    for source in [b"not gzip".to_vec().into(), gzip(b"not tar, but long enough to be looked at"), app(&[])] {
        let told = bench.build(source).await.rejected();
        assert!(told.contains(" !     Push rejected, the source"), "{told}");
        assert!(told.ends_with("\n\n !     Push failed"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_unpacks_to_more_than_the_limit_is_refused() {
    let mut bench = Bench::new().await;
    bench.config.limits.source_bytes = 4 << 20;
    let zeros = String::from_utf8(vec![b'0'; 16 << 20]).unwrap();
    let told = bench.build(app(&[("requirements.txt", ""), ("zeros", &zeros)])).await.rejected();
    assert!(told.contains(" !     Push rejected, the source is larger than 4 MB when it is unpacked."), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_over_the_limit_is_refused_and_a_large_one_warned_of() {
    let mut bench = Bench::new().await;
    let source = app_that_runs("mkdir -p assets/large; head -c 12M /dev/urandom > assets/large/noise");
    bench.config.limits.slug_warn_bytes = 5 << 20;
    let done = bench.build(source).await;
    done.built();
    let warned = done.lines.iter().position(|line| line.contains("exceeds our soft limit (5 MB)"));
    let after = &done.lines[warned.unwrap_or_else(|| panic!("{}", done.transcript())) + 1..];
    assert!(
        after[0].starts_with(" !     Unpacked it has ") && after[0].ends_with(". Its largest folders:"),
        "{after:?}"
    );
    assert!(after.contains(&" !           12M  assets/large (1 file)".to_owned()), "{after:?}");
    // Of several layers, none of which is too large by itself.
    bench.config.limits.slug_bytes = 6 << 20;
    let told = bench.build(app_that_runs("mkdir noise; head -c 5M /dev/urandom >noise/x")).await.rejected();
    let size = told.split_once(" !     Compiled slug size: ").expect(&told).1;
    assert!(size.contains(" is too large (max is 6M).\n !     See: docs/buildpacks.md#slug-size\n !     Push failed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_build_cannot_see_the_machine_or_gain_rights() {
    let bench = Bench::new().await;
    let script = "id -u; grep -c . /proc/1/cgroup >/dev/null; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status; \
                  ls /var/run/docker.sock 2>&1; touch /etc/x 2>&1; curl -sS -m 2 http://169.254.169.254/ 2>&1 | head -c 20; exit 1";
    let since = Instant::now();
    let told = bench.build(app_that_runs(script)).await.rejected();
    assert!(told.contains("       1000\n       CapEff:\t0000000000000000\n       NoNewPrivs:\t1\n"), "{told}");
    assert!(told.contains("touch: cannot touch '/etc/x'"), "{told}");
    assert!(since.elapsed() < Duration::from_secs(60));
}

/// A `.tar.gz` of entries that the tar crate refuses to write.
fn raw(entries: &[(&str, u8, &str, &str)]) -> bytes::Bytes {
    let mut bytes = vec![];
    for (name, kind, target, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(tar::EntryType::new(*kind));
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(content.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    gzip(&bytes)
}
