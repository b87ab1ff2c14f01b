use crate::{platform::TOKEN, server::Server, workspace::Workspace};

async fn deployed() -> (Server, Workspace) {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    workspace.git(&["push", &server.url(), "main"]).await.expect_success();
    (server, workspace)
}

async fn remote_refs(server: &Server, workspace: &Workspace) -> Vec<String> {
    let listed = workspace.git(&["ls-remote", "--symref", &server.url()]).await.expect_success().stdout;
    listed.lines().map(|line| line.replace('\t', " ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_branch_is_stored_and_not_built() {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    let done = workspace.git(&["push", &server.url(), "main:feature"]).await;
    insta::assert_snapshot!(done.transcript());
    assert!(server.example().pushes().is_empty());
    assert_eq!(remote_refs(&server, &workspace).await, [format!("{} refs/heads/feature", workspace.head().await)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_stored_and_not_built() {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    workspace.git(&["tag", "--annotate", "v1", "--message", "One"]).await.expect_success();
    insta::assert_snapshot!(workspace.git(&["push", &server.url(), "v1"]).await.transcript());
    assert!(server.example().pushes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn main_among_other_refs_is_built_once() {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    workspace.git(&["tag", "v1"]).await.expect_success();
    let done = workspace.git(&["push", &server.url(), "main", "main:feature", "main:master", "v1"]).await;
    insta::assert_snapshot!(done.transcript());
    assert_eq!(server.example().pushes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_annotated_tag_is_no_branch() {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    workspace.git(&["tag", "--annotate", "v1", "--message", "One"]).await.expect_success();
    insta::assert_snapshot!(workspace.git(&["push", &server.url(), "v1:refs/heads/main"]).await.transcript());
    workspace.git(&["push", &server.url(), "v1^{}:refs/heads/main"]).await.expect_success();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployed_branch_cannot_be_deleted() {
    let (server, workspace) = deployed().await;
    insta::assert_snapshot!(workspace.git(&["push", &server.url(), ":main"]).await.transcript());
    assert_eq!(remote_refs(&server, &workspace).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_branches_can_be_deleted() {
    let (server, workspace) = deployed().await;
    workspace.git(&["push", &server.url(), "main:feature"]).await.expect_success();
    insta::assert_snapshot!(workspace.git(&["push", &server.url(), ":feature"]).await.transcript());
}

#[tokio::test(flavor = "multi_thread")]
async fn history_can_be_rewritten_by_force_only() {
    let (server, workspace) = deployed().await;
    workspace.git(&["commit", "--quiet", "--amend", "--message", "Rewritten"]).await.expect_success();
    let refused = workspace.git(&["push", &server.url(), "main"]).await;
    assert!(!refused.success && refused.stderr.contains("[rejected]"), "{}", refused.stderr);
    workspace.git(&["push", "--force", &server.url(), "main"]).await.expect_success();
    assert_eq!(server.example().pushes().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_gets_the_branch_that_was_deployed_last() {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    workspace.git(&["push", &server.url(), "main:master"]).await.expect_success();
    assert_eq!(remote_refs(&server, &workspace).await[0], "ref: refs/heads/master HEAD");
    workspace.git(&["push", &server.url(), "main"]).await.expect_success();
    assert_eq!(remote_refs(&server, &workspace).await[0], "ref: refs/heads/main HEAD");
    workspace.git(&["push", &server.url(), ":master"]).await.expect_success();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_workspace_has_nothing_to_push() {
    let (server, workspace) = (Server::start().await, Workspace::empty().await);
    let done = workspace.git(&["push", &server.url_of(TOKEN, "example"), "main"]).await;
    assert!(!done.success && done.stderr.contains("src refspec main does not match any"), "{}", done.stderr);
}
