//! Images from Dockerfiles.

use std::collections::BTreeMap;

use bollard::{ClientVersion, Docker, query_parameters::RemoveImageOptionsBuilder};
use bytes::Bytes;
use paas_hosts::{Engine, EngineError, ImageBuild};
use tokio::sync::mpsc;

use crate::fixture::{IMAGE, docker};

pub(crate) fn build(tag: &str, dockerfile: &str) -> ImageBuild {
    let mut header = tar::Header::new_gnu();
    header.set_size(dockerfile.len() as u64);
    header.set_mode(0o644);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_data(&mut header, "run.Dockerfile", dockerfile.as_bytes()).unwrap();
    ImageBuild {
        tag: tag.to_owned(),
        context: Bytes::from(tar.into_inner().unwrap()),
        dockerfile: "run.Dockerfile".to_owned(),
        args: BTreeMap::from([("BASE".to_owned(), IMAGE.to_owned())]),
    }
}

#[tokio::test]
async fn a_build_tells_each_line_and_leaves_the_image() {
    let tag = format!("paas-test/built:{}", uuid::Uuid::now_v7());
    let dockerfile = "ARG BASE\nFROM $BASE\nRUN echo first && printf second\n";
    let (sender, mut receiver) = mpsc::channel(1);
    let engine = docker();
    let read = async {
        let mut lines = Vec::new();
        while let Some(line) = receiver.recv().await {
            lines.push(line);
        }
        lines
    };
    let (built, lines) = tokio::join!(engine.build_image(build(&tag, dockerfile), sender), read);
    built.unwrap();
    assert!(lines.iter().any(|line| line == "first"), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("second")), "{lines:?}");
    assert!(engine.has_image(&tag).await.unwrap());
    untag(&tag).await;
}

#[tokio::test]
async fn a_build_whose_command_fails_says_which() {
    let tag = format!("paas-test/broken:{}", uuid::Uuid::now_v7());
    let (sender, _nobody_reads) = mpsc::channel(100);
    let built = docker().build_image(build(&tag, &format!("FROM {IMAGE}\nRUN exit 3\n")), sender).await;
    assert!(
        matches!(&built, Err(EngineError::ImageBuild { tag: failed, reason }) if *failed == tag && reason.contains("exit 3")),
        "{built:?}"
    );
    assert!(!docker().has_image(&tag).await.unwrap());
}

#[tokio::test]
async fn a_dockerfile_that_cannot_be_read_is_a_failed_build() {
    let (sender, _nobody_reads) = mpsc::channel(100);
    let built = docker().build_image(build("paas-test/none:none", "NONSENSE\n"), sender).await;
    assert!(matches!(built, Err(EngineError::ImageBuild { .. })), "{built:?}");
}

/// The port has no way to remove an image, as nothing needs one.
pub(crate) async fn untag(image: &str) {
    let version = ClientVersion { major_version: 1, minor_version: 41 };
    let docker = Docker::connect_with_unix("/var/run/docker.sock", 120, &version).unwrap();
    let options = RemoveImageOptionsBuilder::default().noprune(true).build();
    docker.remove_image(image, Some(options), None).await.unwrap();
}
