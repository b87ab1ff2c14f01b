//! Archives into and out of a container.

use std::io::Read;

use bytes::Bytes;
use futures::{TryStreamExt, stream};

use super::bench::{Bench, EXITS_AT_ONCE, RUNS, WRITES_A_FILE};
use crate::{ByteStream, ContainerName, Engine, EngineError};

pub async fn files_put_in_before_the_start_keep_their_owner<E: Engine>(bench: &Bench<E>) {
    let name = bench.create("given", &bench.spec(EXITS_AT_ONCE)).await;
    let given = archive("given/file", 1234, b"hello");
    bench.engine.upload(&name, "/tmp", pieces(&given)).await.expect("it takes files");
    bench.engine.start(&name).await.expect("it starts");
    bench.engine.wait(&name).await.expect("it ends");
    assert_eq!(download(bench, &name, "/tmp/given/file").await, ("file".to_owned(), 1234, "hello".to_owned()));
}

pub async fn files_go_into_what_is_frozen_and_come_out<E: Engine>(bench: &Bench<E>) {
    let name = bench.start_until_it_prints("still", RUNS).await;
    bench.engine.freeze(&name).await.expect("it stands still");
    bench.engine.upload(&name, "/tmp", pieces(&archive("given/file", 1234, b"hello"))).await.expect("it takes files");
    assert_eq!(download(bench, &name, "/tmp/given/file").await, ("file".to_owned(), 1234, "hello".to_owned()));
    bench.engine.remove(&name).await.expect("it goes");
}

pub async fn files_can_be_had_after_the_end<E: Engine>(bench: &Bench<E>) {
    let name = bench.run("writes", WRITES_A_FILE).await;
    let (path, _, contents) = download(bench, &name, "/tmp/result").await;
    assert_eq!((path.as_str(), contents.as_str()), ("result", "hello"));
}

pub async fn a_path_that_is_not_there_is_said_to_be_missing<E: Engine>(bench: &Bench<E>) {
    let name = bench.create("empty", &bench.spec(EXITS_AT_ONCE)).await;
    let downloaded = bench.engine.download(&name, "/nothing/here").await.map(drop);
    let expected = EngineError::NoSuchPath { container: name.0, path: "/nothing/here".to_owned() };
    assert_eq!(downloaded.map_err(|error| error.to_string()), Err(expected.to_string()));
}

pub async fn an_upload_whose_source_fails_fails_with_its_error<E: Engine>(bench: &Bench<E>) {
    let name = bench.create("given", &bench.spec(EXITS_AT_ONCE)).await;
    let begun = archive("file", 0, b"hello").slice(..512);
    let source = stream::iter([Ok(begun), Err(EngineError::CannotStart("the source broke".to_owned()))]);
    let uploaded = bench.engine.upload(&name, "/tmp", Box::pin(source)).await;
    assert!(matches!(&uploaded, Err(EngineError::CannotStart(reason)) if reason == "the source broke"), "{uploaded:?}");
}

pub async fn disk_use_grows_with_what_is_written<E: Engine>(bench: &Bench<E>) {
    let name = bench.create("grows", &bench.spec(EXITS_AT_ONCE)).await;
    let before = bench.engine.disk_used(&name).await.expect("its size is known");
    let contents = vec![b'x'; 1 << 20];
    bench.engine.upload(&name, "/tmp", pieces(&archive("big", 0, &contents))).await.expect("it takes files");
    let after = bench.engine.disk_used(&name).await.expect("its size is known");
    assert!(after >= before + (1 << 20), "{before} -> {after}");
}

/// A tar of one file.
pub(super) fn archive(path: &str, owner: u64, contents: &[u8]) -> Bytes {
    let mut header = tar::Header::new_gnu();
    header.set_size(contents.len() as u64);
    header.set_mode(0o644);
    header.set_uid(owner);
    header.set_gid(owner);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_data(&mut header, path, contents).expect("writing to memory does not fail");
    tar.into_inner().expect("writing to memory does not fail").into()
}

fn pieces(tar: &Bytes) -> ByteStream {
    let pieces: Vec<_> = tar.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Box::pin(stream::iter(pieces))
}

/// Name, owner and contents of the archive's one file.
async fn download<E: Engine>(bench: &Bench<E>, name: &ContainerName, path: &str) -> (String, u64, String) {
    let chunks = bench.engine.download(name, path).await.expect("it gives files");
    let tar = chunks.try_collect::<Vec<_>>().await.expect("the archive is whole").concat();
    let mut archive = tar::Archive::new(&tar[..]);
    let mut entry = archive.entries().expect("a tar").next().expect("one file").expect("a whole file");
    let mut contents = String::new();
    entry.read_to_string(&mut contents).expect("a text");
    let path = entry.path().expect("a path").to_string_lossy().into_owned();
    (path, entry.header().uid().expect("an owner"), contents)
}
