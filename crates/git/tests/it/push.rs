use std::{
    process::Stdio,
    sync::{Arc, atomic::Ordering},
};

use paas_git::{BuildResult, GitLimits, Refusal};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    sync::Notify,
};

use crate::{
    platform::{BUILD_OUTPUT, Script, ScriptedPlatform, Step, unavailable},
    server::{Server, eventually},
    workspace::{Done, Workspace},
};

const RELEASE: &str = "018f0000-0000-7000-a000-000000000001";

/// One push of a small app, with a server that follows the script.
async fn pushed(script: Script) -> (Server, Workspace, Done) {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    server.example().follow(script);
    let done = workspace.git(&["push", &server.url(), "main"]).await;
    (server, workspace, done)
}

async fn main_of(server: &Server, workspace: &Workspace) -> String {
    workspace.git(&["ls-remote", &server.url(), "refs/heads/main"]).await.expect_success().stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_built_and_moves_the_branch() {
    let (server, workspace, done) = pushed(Script::default()).await;
    insta::assert_snapshot!(done.transcript());
    let head = workspace.head().await;
    assert!(main_of(&server, &workspace).await.starts_with(&head));
    let pushes = server.example().pushes();
    assert_eq!(pushes.len(), 1);
    let commit = &pushes[0].commit;
    assert_eq!((commit.branch.as_str(), &commit.id, commit.summary.as_str()), ("main", &head, "First"));
    eventually("the size is stored", async || server.example().repository_size.load(Ordering::SeqCst) > 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_changes_nothing_builds_nothing() {
    let (server, workspace, _) = pushed(Script::default()).await;
    let again = workspace.git(&["push", &server.url(), "main"]).await.expect_success();
    assert_eq!(again.stderr, "Everything up-to-date\n");
    assert_eq!(server.example().pushes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_build_rejects_the_push_and_leaves_the_branch() {
    let (server, workspace, _) = pushed(Script::default()).await;
    let before = main_of(&server, &workspace).await;
    workspace.write("server.js", "broken");
    workspace.commit("Break it").await;
    server.example().follow(Script {
        steps: vec![Step::Text(
            "-----> Node.js app detected\n !     Push rejected, failed to compile Node.js app.\n\n !     Push failed\n",
        )],
        result: BuildResult::Failed { built_before: false },
        ..Script::default()
    });
    let done = workspace.git(&["push", &server.url(), "main"]).await;
    insta::assert_snapshot!(done.transcript());
    assert_eq!(main_of(&server, &workspace).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_twice_is_explained() {
    let script = Script {
        steps: vec![Step::Text(" !     Push failed\n")],
        result: BuildResult::Failed { built_before: true },
        ..Script::default()
    };
    insta::assert_snapshot!(pushed(script).await.2.transcript());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_command_is_shown_and_waited_for() {
    let script = Script {
        result: BuildResult::Succeeded { release_phase: Some(RELEASE.parse().unwrap()) },
        release: ("migrating\ndone\n", true),
        ..Script::default()
    };
    insta::assert_snapshot!(pushed(script).await.2.transcript());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_release_command_does_not_fail_the_push() {
    let script = Script {
        result: BuildResult::Succeeded { release_phase: Some(RELEASE.parse().unwrap()) },
        release: ("no such table\n", false),
        ..Script::default()
    };
    let (server, workspace, done) = pushed(script).await;
    insta::assert_snapshot!(done.transcript());
    assert!(main_of(&server, &workspace).await.starts_with(&workspace.head().await));
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_an_earlier_build_is_said() {
    let done = pushed(Script { must_wait: true, ..Script::default() }).await.2;
    assert!(done.stderr.contains("remote: -----> Waiting for the build before this one to end"), "{}", done.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_be_stored_rejects_the_push() {
    let refuse: fn() -> Refusal = || Refusal::Unavailable {
        message: "the image registry is not available at the moment; try again shortly".to_owned(),
        source: "connection refused".into(),
    };
    let (server, _, done) = pushed(Script { refuse: Some(refuse), ..Script::default() }).await;
    insta::assert_snapshot!(done.transcript());
    assert!(server.example().pushes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn output_that_breaks_off_goes_on_where_it_was() {
    let script = Script {
        steps: vec![Step::Text("one\ntwo ✓\n"), Step::BreakOnce, Step::Text("three\n\n")],
        ..Script::default()
    };
    let (server, _, done) = pushed(script).await;
    let lines: Vec<&str> = done.stderr.lines().map(str::trim_end).collect();
    let expected = ["remote: one", "remote: two ✓", "remote: three", "remote:", "remote: Verifying deploy... done."];
    assert!(lines.windows(5).any(|window| window == expected), "{lines:?}");
    assert_eq!(server.example().followers.load(Ordering::SeqCst), 2);
    assert!(unavailable().is_transient());
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_arrive_while_the_build_runs() {
    let (server, workspace, gate) = (Server::start().await, Workspace::new().await, Arc::new(Notify::new()));
    let steps = vec![Step::Text("-----> Step one\n"), Step::Wait(gate.clone()), Step::Text(BUILD_OUTPUT)];
    server.example().follow(Script { steps, ..Script::default() });
    let mut git = workspace.command(&["push", &server.url(), "main"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(git.stderr.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.contains("Step one") {
            // The build is known to wait: nothing but this line's arrival lets it go on.
            gate.notify_one();
        }
    }
    assert!(git.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_pushes_at_once_wins() {
    let (server, first, second) = (Server::start().await, Workspace::new().await, Workspace::new().await);
    second.write("second", "");
    second.commit("Second").await;
    let gate = Arc::new(Notify::new());
    server.example().follow(Script { steps: vec![Step::Wait(gate.clone())], ..Script::default() });
    let both = async {
        let url = server.url();
        let arguments = ["push", url.as_str(), "main"];
        tokio::join!(first.git(&arguments), second.git(&arguments))
    };
    let open = async {
        eventually("both builds have begun", async || server.example().followers.load(Ordering::SeqCst) == 2).await;
        gate.notify_one();
        gate.notify_one();
        gate.notify_waiters();
    };
    let ((one, two), ()) = tokio::join!(both, open);
    assert_ne!(one.success, two.success, "{}\n{}", one.stderr, two.stderr);
    let (winner, loser) = if one.success { (&first, &two) } else { (&second, &one) };
    assert!(loser.stderr.contains("[remote rejected] main -> main"), "{}", loser.stderr);
    assert!(main_of(&server, &first).await.starts_with(&winner.head().await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_over_the_limit_is_refused() {
    let limits = GitLimits { push_bytes: 100_000, ..GitLimits::default() };
    let (server, workspace) = (Server::with(ScriptedPlatform::new(), limits).await, Workspace::new().await);
    let noise: Vec<u8> = std::iter::successors(Some(1_u32), |x| Some(x.wrapping_mul(1_664_525).wrapping_add(1)))
        .take(2_000_000)
        .map(|x| (x >> 24) as u8)
        .collect();
    workspace.write("noise", noise);
    workspace.commit("Noise").await;
    let done = workspace.git(&["push", &server.url(), "main"]).await;
    assert!(done.stderr.contains("pack exceeds maximum allowed size"), "{}", done.stderr);
    assert!(!done.success && server.example().pushes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_commit_and_an_app_without_a_procfile_are_built_too() {
    let (server, workspace) = (Server::start().await, Workspace::empty().await);
    workspace.commit("Nothing").await;
    let done = workspace.git(&["push", &server.url(), "main"]).await.expect_success();
    assert!(done.stderr.contains("Updated 0 paths from 4b825dc"), "{}", done.stderr);
    workspace.write("index.html", "hello");
    workspace.commit("A page").await;
    let done = workspace.git(&["push", &server.url(), "main"]).await.expect_success();
    assert!(done.stderr.contains("Updated 1 path from "), "{}", done.stderr);
}
