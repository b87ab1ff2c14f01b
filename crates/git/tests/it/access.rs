use std::sync::atomic::Ordering;

use reqwest::{StatusCode, header};

use crate::{
    platform::TOKEN,
    server::{Server, eventually},
    workspace::Workspace,
};

async fn push(server: &Server, token: &str, app: &str) -> String {
    let done = Workspace::new().await.git(&["push", &server.url_of(token, app), "main"]).await;
    assert!(!done.success);
    done.transcript()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_asked_for_again() {
    let server = Server::start().await;
    insta::assert_snapshot!(push(&server, "wrong", "example").await);
    assert!(server.repositories().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_app_is_named() {
    let server = Server::start().await;
    insta::assert_snapshot!(push(&server, TOKEN, "unknown").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_app_is_closed() {
    let server = Server::start().await;
    insta::assert_snapshot!(push(&server, TOKEN, "others").await);
    let clone = Workspace::empty().await.git(&["clone", &server.url_of(TOKEN, "others"), "copy"]).await;
    assert!(!clone.success && clone.stderr.contains("403"), "{}", clone.stderr);
    assert!(server.repositories().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_being_down_is_said() {
    let server = Server::start().await;
    server.platform.down.store(true, Ordering::SeqCst);
    insta::assert_snapshot!(push(&server, TOKEN, "example").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_wants_a_token() {
    let server = Server::start().await;
    let client = reqwest::Client::new();
    let base = format!("http://{}/example.git", server.address);
    for request in [
        client.get(format!("{base}/info/refs?service=git-upload-pack")),
        client.get(format!("{base}/info/refs?service=git-receive-pack")),
        client.post(format!("{base}/git-upload-pack")),
        client.post(format!("{base}/git-receive-pack")),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{}", answer.url());
        assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Basic realm=\"PaaS\"");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_smart_http_is_told_so() {
    let server = Server::start().await;
    let client = reqwest::Client::new();
    let base = format!("http://{}/example.git", server.address);
    let get = async |path: &str| {
        let answer = client.get(format!("{base}{path}")).basic_auth("x", Some(TOKEN)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, text) = get("/info/refs").await;
    assert!(status == 403 && text.contains("smart HTTP"), "{status} {text}");
    let (status, text) = get("/info/refs?service=git-upload-archive").await;
    assert!(status == 403 && text.contains("nothing else"), "{status} {text}");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/x-git-upload-pack-request"] {
        let request = client.post(format!("{base}/git-receive-pack")).basic_auth("x", Some(TOKEN));
        let answer = request.header(header::CONTENT_TYPE, kind).body("0000").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_no_app_has_reach_no_disk() {
    let server = Server::start().await;
    let client = reqwest::Client::new();
    for name in ["..%2f..%2fetc", "%2e%2e", "a%00b", "Example", "x%0a!%09forged", "apps"] {
        let url = format!("http://{}/{name}.git/info/refs?service=git-upload-pack", server.address);
        let answer = client.get(url).basic_auth("x", Some(TOKEN)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{name}");
        assert_eq!(answer.text().await.unwrap().lines().count(), 1, "{name}");
    }
    assert!(server.repositories().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_works_for_its_push_alone() {
    use std::os::unix::fs::PermissionsExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let server = Server::start().await;
    let path = server.directory().join("run/hooks.sock");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let json = br#"{"secret":"guessed","commit":{"branch":"main","id":"0","summary":""}}"#;
    let mut stranger = tokio::net::UnixStream::connect(&path).await.unwrap();
    stranger.write_all(&[b"P\0\0\0", &[u8::try_from(json.len()).unwrap()][..], json].concat()).await.unwrap();
    let mut answer = Vec::new();
    stranger.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"R\0\0\0\0");
    eventually("nothing was built", async || server.example().pushes().is_empty()).await;
}
