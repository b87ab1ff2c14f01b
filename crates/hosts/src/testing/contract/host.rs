//! What an engine tells of its host, and does for it.

use std::collections::BTreeMap;

use tokio::{io::AsyncReadExt, sync::mpsc};

use super::{
    bench::{Bench, EXITS_WITH_7, LABEL, RUNS, SAYS_WHO_IT_IS},
    files::archive,
};
use crate::{Engine, ImageBuild, RootShell, Signal, look_at_disk};

pub async fn an_engine_answers_a_ping_and_tells_of_its_host<E: Engine>(bench: &Bench<E>) {
    bench.engine.ping().await.expect("it answers");
    let info = bench.engine.info().await.expect("it tells of itself");
    assert!(info.memory_mb > 0 && info.cpus > 0 && !info.version.is_empty() && !info.id.is_empty(), "{info:?}");
    assert_eq!(bench.engine.info().await.expect("it tells of itself").id, info.id);
}

pub async fn a_running_container_tells_what_it_uses_and_others_do_not<E: Engine>(bench: &Bench<E>) {
    let stats = async |name| bench.engine.stats(name).await.expect("it can be asked");
    let created = bench.create("created", &bench.spec(RUNS)).await;
    assert_eq!(stats(&created).await, None);
    let ended = bench.run("ended", EXITS_WITH_7).await;
    assert_eq!(stats(&ended).await, None);

    let name = bench.start_until_it_prints("running", RUNS).await;
    let first = stats(&name).await.expect("it runs");
    assert!(first.memory_mb <= first.memory_limit_mb && first.memory_limit_mb == 64, "{first:?}");
    assert!(first.processes > 0 && !first.cpu_used.is_zero(), "{first:?}");
    let second = stats(&name).await.expect("it runs");
    assert!(second.at > first.at && second.cpu_used >= first.cpu_used, "{first:?} {second:?}");
    bench.engine.signal(&name, Signal::Kill).await.expect("it is killed");
    bench.engine.wait(&name).await.expect("it ends");
    assert_eq!(stats(&name).await, None);
}

pub async fn the_disk_is_told_of_and_a_container_sees_the_same<E: Engine>(bench: &Bench<E>) {
    let told = bench.engine.disk().await.expect("it can be asked");
    let name = bench.name("disk");
    let looked = look_at_disk(&bench.engine, &name, &bench.spec(RUNS).image).await;
    let seen = looked.expect("a container can look").expect("df counts");
    assert!(seen.free_bytes > 0 && seen.free_bytes <= seen.bytes, "{seen:?}");
    // One on another machine does not tell itself.
    if let Some(told) = told {
        assert_eq!(seen.bytes, told.bytes);
        // Others write meanwhile.
        assert!(seen.free_bytes.abs_diff(told.free_bytes) < told.bytes / 20, "{seen:?} {told:?}");
    }
    assert_eq!(bench.engine.inspect(&name).await.expect("it can be looked for"), None);
}

pub async fn what_takes_the_disk_is_told_by_image<E: Engine>(bench: &Bench<E>) {
    let mut spec = bench.spec(EXITS_WITH_7);
    spec.image = format!("{}.invalid:5000/apps/disk:v1", bench.id());
    build(bench, &spec.image, 1).await;
    let find = async || {
        let usage = bench.engine.disk_usage().await.expect("it can be asked");
        let image = usage.images.iter().find(|image| image.names.contains(&spec.image)).cloned();
        (usage.image_bytes, image.expect("it is there"))
    };
    let (all, image) = find().await;
    assert!(!image.is_used && image.own_bytes <= all, "{image:?}");
    bench.create("user", &spec).await;
    assert!(find().await.1.is_used);
    bench.engine.remove(&bench.name("user")).await.expect("it is removed");
    let path = format!("{}.invalid:5000/apps", bench.id());
    bench.engine.prune_images(&path, &[], 1).await.expect("images can be removed");
}

pub async fn pruning_removes_what_nothing_wants_under_one_path<E: Engine>(bench: &Bench<E>) {
    let registry = format!("{}.invalid:5000", bench.id());
    let image = |app: &str| format!("{registry}/apps/{app}:v1");
    let path = format!("{registry}/apps");
    let others = [format!("other.{}", image("wanted")), format!("{registry}/stacks/debian:v1")];
    for (tag, mark) in [image("wanted"), image("used"), image("old")].iter().chain(&others).zip(1..) {
        build(bench, tag, mark).await;
    }
    let mut spec = bench.spec(EXITS_WITH_7);
    spec.image = image("used");
    let user = bench.create("user", &spec).await;

    let prune = async |keep: &[String]| bench.engine.prune_images(&path, keep, 1).await.expect("images can be removed");
    assert_eq!(prune(&[image("wanted")]).await, [image("old")]);
    for (name, is_there) in [(image("wanted"), true), (image("used"), true), (image("old"), false)] {
        assert_eq!(bench.engine.has_image(&name).await.expect("images can be looked at"), is_there, "{name}");
    }
    for other in &others {
        assert!(bench.engine.has_image(other).await.expect("images can be looked at"), "{other}");
    }
    bench.engine.remove(&user).await.expect("it goes");
    // No more than was said at a time.
    let mut removed = [prune(&[]).await, prune(&[]).await].concat();
    removed.sort();
    assert_eq!(removed, [image("used"), image("wanted")]);
    for other in [format!("other.{path}"), format!("{registry}/stacks")] {
        bench.engine.prune_images(&other, &[], 1).await.expect("images can be removed");
    }
}

pub async fn a_root_shell_is_root_and_is_attached_to<E: Engine>(bench: &Bench<E>) {
    let name = bench.name("root");
    let shell = RootShell {
        image: bench.spec(RUNS).image,
        command: ["/bin/sh", "-c", SAYS_WHO_IT_IS].map(str::to_owned).to_vec(),
        labels: BTreeMap::from([(LABEL.to_owned(), bench.id().to_owned())]),
        tty: true,
    };
    bench.engine.create_root_shell(&name, &shell).await.expect("it can be made");
    bench.engine.create_root_shell(&name, &shell).await.expect("it is adopted");
    let mut streams = bench.engine.attach(&name).await.expect("one can attach before the start");
    bench.engine.start(&name).await.expect("it starts");
    bench.engine.resize(&name, 100, 30).await.expect("it has a terminal");
    let mut output = String::new();
    streams.output.read_to_string(&mut output).await.expect("the output is read");
    assert_eq!(output.trim_end(), "user 0");
    assert_eq!(bench.engine.wait(&name).await.expect("it ends"), 0);
}

/// An image of its own that containers can be made of.
async fn build<E: Engine>(bench: &Bench<E>, tag: &str, mark: u8) {
    let dockerfile = format!("FROM {}\nLABEL paas.contract={}-{mark}\n", bench.spec(RUNS).image, bench.id());
    let build = ImageBuild {
        tag: tag.to_owned(),
        context: archive("Dockerfile", 0, dockerfile.as_bytes()),
        dockerfile: "Dockerfile".to_owned(),
        args: BTreeMap::new(),
        anew: false,
    };
    let (lines, _nobody_reads) = mpsc::channel(100);
    bench.engine.build_image(build, lines).await.expect("images can be built");
}
