use std::{
    ffi::OsStr,
    os::unix::{ffi::OsStrExt, fs::symlink},
};

use flate2::read::GzDecoder;

use crate::{server::Server, workspace::Workspace};

/// What is in the tarball of the newest push, one line per entry.
fn listing(server: &Server) -> String {
    let pushed = server.example().pushes().pop().expect("something was pushed");
    let mut archive = tar::Archive::new(GzDecoder::new(pushed.content.as_slice()));
    let mut lines = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        let header = entry.header();
        let link = entry.link_name_bytes().map(|target| format!(" -> {}", shown(&target))).unwrap_or_default();
        let (mode, time) = (header.mode().unwrap(), header.mtime().unwrap());
        let kind = format!("{:?}", header.entry_type());
        lines.push(format!("{kind:9} {mode:o} {time} {} {}{link}", content.len(), shown(&entry.path_bytes())));
    }
    lines.join("\n")
}

fn shown(bytes: &[u8]) -> String {
    let text: String = bytes.escape_ascii().to_string();
    if text.len() > 90 { format!("{}…({})", &text[..40], text.len()) } else { text }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_file_names_arrive_as_they_are() {
    let (server, workspace) = (Server::start().await, Workspace::empty().await);
    let long = "long/".repeat(30) + &"x".repeat(200);
    for name in
        ["with space", "new\nline", "tab\tand \"quotes\"", "ünïcødé/日本", "-rf", "a\\b", "'", "src/.gitignore", &long]
    {
        workspace.write(name, name);
    }
    workspace.write(b"not-utf8-\xff\xfe", "bytes");
    workspace.write("bin/run", "#!/bin/sh\n");
    workspace.git(&["add", "--all"]).await.expect_success();
    workspace.git(&["update-index", "--chmod=+x", "bin/run"]).await.expect_success();
    for (name, target) in [
        ("out", "../../etc/passwd"),
        ("absolute", "/etc/passwd"),
        ("long-link", &"../".repeat(60)),
        ("same", "./bin//run"),
    ] {
        symlink(OsStr::from_bytes(target.as_bytes()), workspace.path().join(name)).unwrap();
        workspace.git(&["add", name]).await.expect_success();
    }
    workspace.git(&["commit", "--quiet", "--message", "Odd"]).await.expect_success();
    let done = workspace.git(&["push", &server.url(), "main"]).await.expect_success();
    assert!(done.stderr.contains("Updated 15 paths from "), "{}", done.stderr);
    insta::assert_snapshot!(listing(&server));
}

#[tokio::test(flavor = "multi_thread")]
async fn gnu_tar_unpacks_the_source_to_the_commits_tree() {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    let names = ["only/here/deep file", "only/new\nline", &("y/".repeat(90) + "end")];
    for name in names {
        workspace.write(name, name);
    }
    symlink("/nowhere/else", workspace.path().join("dangling")).unwrap();
    workspace.commit("More").await;
    workspace.git(&["push", &server.url(), "main"]).await.expect_success();
    let target = tempfile::tempdir().unwrap();
    let archive = target.path().join("source.tgz");
    std::fs::write(&archive, &server.example().pushes()[0].content).unwrap();
    let unpacked = tokio::process::Command::new("tar")
        .args(["-xzf", "source.tgz"])
        .current_dir(target.path())
        .output()
        .await
        .unwrap();
    assert!(unpacked.status.success() && unpacked.stderr.is_empty(), "{}", String::from_utf8_lossy(&unpacked.stderr));
    let differences = tokio::process::Command::new("diff")
        .args(["--recursive", "--no-dereference", "--exclude=.git", "source"])
        .arg(workspace.path())
        .current_dir(target.path())
        .output()
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&differences.stdout), "");
    assert!(differences.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commit_makes_the_same_tarball() {
    let workspace = Workspace::new().await;
    let mut contents = Vec::new();
    for _ in 0..2 {
        let server = Server::start().await;
        workspace.git(&["push", &server.url(), "main"]).await.expect_success();
        contents.push(server.example().pushes()[0].content.clone());
    }
    assert!(contents[0] == contents[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn submodules_are_refused_by_name() {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    let head = workspace.head().await;
    workspace
        .write(".gitmodules", "[submodule \"vendor/lib\"]\n\tpath = vendor/lib\n\turl = https://example.com/lib\n");
    workspace.git(&["add", ".gitmodules"]).await.expect_success();
    let entry = format!("160000,{head},vendor/lib");
    workspace.git(&["update-index", "--add", "--cacheinfo", &entry]).await.expect_success();
    workspace.git(&["commit", "--quiet", "--message", "With a submodule"]).await.expect_success();
    let done = workspace.git(&["push", &server.url(), "main"]).await;
    insta::assert_snapshot!(done.transcript());
    assert!(server.example().pushes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_leads_out_of_itself_is_not_even_stored() {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    let repository = git2::Repository::open(workspace.path()).unwrap();
    let blob = repository.blob(b"root:x:0:0").unwrap();
    let entry = [b"100644 ..\0", blob.as_bytes()].concat();
    let tree = repository.odb().unwrap().write(git2::ObjectType::Tree, &entry).unwrap();
    let commit = workspace.git(&["commit-tree", &tree.to_string(), "-m", "Out"]).await.expect_success();
    let refspec = format!("{}:refs/heads/feature", commit.stdout.trim());
    let done = workspace.git(&["push", &server.url(), &refspec]).await;
    assert!(!done.success && done.stderr.contains("hasDotdot"), "{}", done.stderr);
}
