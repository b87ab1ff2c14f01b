use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use crate::{platform::TOKEN, server::Server, workspace::Workspace};

async fn deployed() -> (Server, Workspace) {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    workspace.write("server.js", "// two\n");
    workspace.commit("Second").await;
    workspace.git(&["push", &server.url(), "main"]).await.expect_success();
    (server, workspace)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_can_be_cloned_with_protocol_2_and_before() {
    let (server, workspace) = deployed().await;
    for version in ["0", "1", "2"] {
        let developer = Workspace::empty().await;
        let setting = format!("protocol.version={version}");
        let mut command = developer.command(&["-c", &setting, "clone", &server.url(), "copy"]);
        let traced = command.env("GIT_TRACE_PACKET", "1").output().await.unwrap();
        let trace = String::from_utf8_lossy(&traced.stderr).into_owned();
        assert!(traced.status.success(), "{trace}");
        assert_eq!(trace.contains("git< version 2"), version == "2", "{trace}");
        let copied = developer.git(&["-C", "copy", "rev-parse", "HEAD"]).await;
        assert_eq!(copied.stdout.trim(), workspace.head().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_may_be_shallow_and_deepened() {
    let (server, _) = deployed().await;
    let developer = Workspace::empty().await;
    developer.git(&["clone", "--quiet", "--depth", "1", &server.url(), "copy"]).await.expect_success();
    let count = async || developer.git(&["-C", "copy", "rev-list", "--count", "HEAD"]).await.stdout;
    assert_eq!(count().await, "1\n");
    developer.git(&["-C", "copy", "fetch", "--quiet", "--unshallow"]).await.expect_success();
    assert_eq!(count().await, "2\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_never_pushed_clones_empty() {
    let (server, developer) = (Server::start().await, Workspace::empty().await);
    let done = developer.git(&["clone", &server.url(), "copy"]).await.expect_success();
    assert!(done.stderr.contains("You appear to have cloned an empty repository"), "{}", done.stderr);
    let head = developer.git(&["-C", "copy", "symbolic-ref", "HEAD"]).await;
    assert_eq!(head.stdout, "refs/heads/main\n");
}

async fn list_refs(server: &Server, encoding: &str, body: Vec<u8>) -> (u16, String) {
    let answer = reqwest::Client::new()
        .post(format!("http://{}/example.git/git-upload-pack", server.address))
        .basic_auth("x", Some(TOKEN))
        .header("content-type", "application/x-git-upload-pack-request")
        .header("content-encoding", encoding)
        .header("git-protocol", "version=2")
        .body(body)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn gzip_bodies_are_understood() {
    let (server, workspace) = deployed().await;
    let plain = b"0014command=ls-refs\n0000";
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(plain).unwrap();
    let gzip = gzip.finish().unwrap();
    let expected = format!("{} refs/heads/main\n", workspace.head().await);
    for (encoding, body) in [("gzip", gzip.clone()), ("x-gzip", gzip), ("identity", plain.to_vec())] {
        let (status, text) = list_refs(&server, encoding, body).await;
        assert!(status == 200 && text.contains(&expected), "{encoding}: {status} {text}");
    }
    assert_eq!(list_refs(&server, "br", plain.to_vec()).await.0, 415);
    let (_, text) = list_refs(&server, "gzip", b"no gzip".to_vec()).await;
    assert!(!text.contains("refs/heads"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gits_own_gzip_bodies_are_understood() {
    let (server, workspace) = deployed().await;
    // Enough branches make a request that git compresses.
    for number in 0..40 {
        workspace.commit(&format!("Branch {number}")).await;
        workspace.git(&["branch", &format!("b{number}")]).await.expect_success();
    }
    workspace.git(&["push", "--quiet", &server.url(), "refs/heads/b*:refs/heads/b*"]).await.expect_success();
    let developer = Workspace::empty().await;
    let mut command = developer.command(&["clone", &server.url(), "copy"]);
    let traced = command.env("GIT_TRACE_CURL", "1").output().await.unwrap();
    let trace = String::from_utf8_lossy(&traced.stderr);
    assert!(traced.status.success() && trace.to_lowercase().contains("content-encoding: gzip"), "{trace}");
}
