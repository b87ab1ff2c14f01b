//! Images from Dockerfiles.

use std::collections::BTreeMap;

use bollard::{ClientVersion, Docker, query_parameters::RemoveImageOptionsBuilder};
use bytes::Bytes;
use futures::stream;
use paas_hosts::{AppImageBuild, Engine, EngineError, ImageBuild, Limits, Network};
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
        anew: false,
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

#[tokio::test]
async fn only_a_build_that_is_to_be_made_anew_runs_what_an_earlier_one_ran() {
    let tag = format!("paas-test/anew:{}", uuid::Uuid::now_v7());
    let dockerfile = format!("FROM {IMAGE}\nLABEL paas.test.anew={tag}\nRUN cat /proc/sys/kernel/random/uuid >/made\n");
    let mut ids = Vec::new();
    for anew in [false, false, true] {
        let (sender, _nobody_reads) = mpsc::channel(100);
        docker().build_image(ImageBuild { anew, ..build(&tag, &dockerfile) }, sender).await.unwrap();
        ids.push(docker().base_image(&tag).await.unwrap().unwrap().id);
    }
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    untag(&tag).await;
    docker().prune_app_images("paas.test.anew", std::time::Duration::ZERO, 100).await.unwrap();
}

/// Both write 60 MB, which is more than either may write twice, and are looked at while they last.
#[tokio::test]
async fn builds_of_one_app_at_the_same_time_do_not_count_each_others_disk() {
    let label = ("paas.test".to_owned(), uuid::Uuid::now_v7().to_string());
    let app_image = |stage: &str, megabytes: u32| {
        let dockerfile = format!(
            "FROM {IMAGE}\nLABEL {}={}\nRUN head -c {megabytes}000000 /dev/zero >/{stage}; echo ' ---> Using cache'\nRUN sleep 5\n",
            label.0, label.1
        );
        AppImageBuild {
            tag: format!("paas-test/{stage}:{}", label.1),
            context: Box::pin(stream::iter([Ok(build("", &dockerfile).context)])),
            dockerfile: "run.Dockerfile".to_owned(),
            args: BTreeMap::new(),
            target: None,
            label: label.clone(),
            limits: Limits { memory_mb: 256, cpu_shares: 1024, cpu_millis: None, processes: 100, file_bytes: None },
            disk_bytes: 90 << 20,
            network: Network::Builds,
        }
    };
    let run = async |stage: &str, megabytes| {
        let (sender, _nobody_reads) = mpsc::channel(1000);
        docker().build_app_image(app_image(stage, megabytes), sender).await
    };
    let (one, other, third) = tokio::join!(run("one", 60), run("other", 60), run("third", 120));
    one.unwrap();
    other.unwrap();
    assert!(matches!(&third, Err(EngineError::ImageBuild { reason, .. }) if reason.contains("90 MB")), "{third:?}");
    for stage in ["one", "other"] {
        untag(&format!("paas-test/{stage}:{}", label.1)).await;
    }
    docker().prune_app_images(&label.0, std::time::Duration::ZERO, 100).await.unwrap();
}

/// The port has no way to remove an image, as nothing needs one.
pub(crate) async fn untag(image: &str) {
    let version = ClientVersion { major_version: 1, minor_version: 41 };
    let docker = Docker::connect_with_unix("/var/run/docker.sock", 120, &version).unwrap();
    let options = RemoveImageOptionsBuilder::default().noprune(true).build();
    docker.remove_image(image, Some(options), None).await.unwrap();
}
