use std::{
    fs,
    io::{self, Read},
};

use crate::{platform::Script, server::Server, workspace::Workspace};

const MEGABYTES: u64 = 200;

/// Kilobytes, from `/proc/self/status`.
fn memory(field: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_200_mb_passes_through_and_stays_out_of_memory() {
    let (server, workspace) = (Server::start().await, Workspace::new().await);
    server.example().follow(Script { keep_source: false, ..Script::default() });
    // Noise, so that no compression makes it small; in files of either way to read them.
    for (name, megabytes) in
        [("large", MEGABYTES - 40), ("small-1", 10), ("small-2", 10), ("small-3", 10), ("small-4", 10)]
    {
        let mut noise = fs::File::open("/dev/urandom").unwrap().take(megabytes << 20);
        io::copy(&mut noise, &mut fs::File::create(workspace.path().join(name)).unwrap()).unwrap();
    }
    workspace.git(&["config", "core.compression", "0"]).await.expect_success();
    workspace.commit("Large").await;

    // Resets the high-water mark.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmRSS");
    workspace.git(&["push", &server.url(), "main"]).await.expect_success();
    let grown = memory("VmHWM").saturating_sub(before);

    let pushed = server.example().pushes().pop().unwrap();
    assert!(pushed.bytes as u64 > MEGABYTES << 20, "{} bytes arrived", pushed.bytes);
    assert!(grown < 40 << 10, "the server grew by {grown} kB");
}
