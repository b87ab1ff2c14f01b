use std::{process::Stdio, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Child,
    sync::Notify,
};

use crate::{
    platform::{BUILD_OUTPUT, Script, Step},
    server::{Server, eventually},
    workspace::Workspace,
};

/// A push whose build has begun, and what lets the build end.
async fn building(server: &Server, workspace: &Workspace) -> (Child, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    let steps = vec![Step::Text("-----> Step one\n"), Step::Wait(gate.clone()), Step::Text(BUILD_OUTPUT)];
    server.example().follow(Script { steps, ..Script::default() });
    let mut git = workspace.command(&["push", &server.url(), "main"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(git.stderr.as_mut().unwrap()).lines();
    loop {
        let line = lines.next_line().await.unwrap().expect("the build begins");
        if line.contains("Step one") {
            break;
        }
    }
    (git, gate)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pusher_who_hangs_up_ends_neither_the_build_nor_the_refs_move() {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    let (mut git, gate) = building(&server, &workspace).await;
    git.kill().await.unwrap();
    gate.notify_one();
    let head = workspace.head().await;
    eventually("the branch moves", async || {
        let listed = workspace.git(&["ls-remote", &server.url(), "refs/heads/main"]).await;
        listed.stdout.starts_with(&head)
    })
    .await;
    eventually("no process of the push is left", async || processes_in(&server).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_tells_the_pusher() {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    let gate = Arc::new(Notify::new());
    server.example().follow(Script { steps: vec![Step::Wait(gate)], ..Script::default() });
    let url = server.url();
    let stop = async {
        eventually("the build has begun", async || !server.example().pushes().is_empty()).await;
        server.stop.cancel();
    };
    let arguments = ["push", url.as_str(), "main"];
    let (done, ()) = tokio::join!(workspace.git(&arguments), stop);
    insta::assert_snapshot!(done.transcript());
    let refs = workspace.git(&["ls-remote", &url]).await.expect_success();
    assert_eq!(refs.stdout, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_nothing() {
    use futures::StreamExt;

    let server = Server::start().await;
    // The beginning of a push; when git has it, the line is cut.
    let line = format!("{} {} refs/heads/main\0report-status", "0".repeat(40), "1".repeat(40));
    let start = format!("{:04x}{line}0000PACK\0\0\0\x02\0\0\0\x05", line.len() + 4);
    let cut = Arc::new(Notify::new());
    let cut_now = cut.clone();
    let pieces = futures::stream::iter([Ok(start)]).chain(futures::stream::once(async move {
        cut_now.notified().await;
        Err(std::io::Error::other("cut"))
    }));
    let request = reqwest::Client::new()
        .post(format!("http://{}/example.git/git-receive-pack", server.address))
        .basic_auth("x", Some(crate::platform::TOKEN))
        .header("content-type", "application/x-git-receive-pack-request")
        .body(reqwest::Body::wrap_stream(pieces.boxed()));
    let cutting = async {
        eventually("git has begun to receive", async || !processes_in(&server).is_empty()).await;
        cut.notify_one();
    };
    // Its answer's head came before the line was cut.
    let (_answer, ()) = tokio::join!(request.send(), cutting);
    eventually("no process of the push is left", async || processes_in(&server).is_empty()).await;
    assert!(server.example().pushes().is_empty());
}

/// Ids of processes whose command line names the server's directory.
fn processes_in(server: &Server) -> Vec<String> {
    let needle = server.directory().join("repos").display().to_string();
    let ids = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    let names_it = |id: &String| {
        let arguments = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        id.bytes().all(|byte| byte.is_ascii_digit()) && String::from_utf8_lossy(&arguments).contains(&needle)
    };
    ids.filter(names_it).collect()
}
