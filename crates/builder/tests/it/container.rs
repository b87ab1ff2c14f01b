//! Images of Dockerfiles, built and run by a real engine. The image to build on is the one that stacks are made of.

use std::{
    collections::BTreeSet,
    process::Command,
    time::{Duration, Instant},
};

use paas_builder::{APP_IMAGE_LABEL, BuildError, BuildRequest, CONTAINER_STACK};
use paas_hosts::Engine;
use paas_model::ProcessType;
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, Done, app, body};

/// Answers with the arguments that it got, its account, and its directory.
const SERVER: &str = r#"use IO::Socket::INET;
my $s = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die;
while (my $c = $s->accept) {
  while (<$c>) { last if /^\r?$/ }
  print $c "HTTP/1.0 200 OK\r\n\r\n", join(",", @ARGV), " $> ", `pwd`, `cat /message 2>/dev/null`;
}
"#;

/// A build whose steps do not outlive the test.
struct Attempt<'a> {
    bench: &'a Bench,
    request: BuildRequest,
}

impl<'a> Attempt<'a> {
    async fn new(bench: &'a Bench, files: &[(&str, &str)]) -> Self {
        let request = bench.request(app(files)).await;
        Self { bench, request: BuildRequest { stack: CONTAINER_STACK.into(), ..request } }
    }

    async fn run(&self) -> Done {
        self.bench.run(&self.request).await
    }

    fn label(&self) -> String {
        format!("label={APP_IMAGE_LABEL}={}", self.request.app_id)
    }

    /// Ids of the containers of its steps.
    fn containers(&self) -> String {
        docker(&["ps", "--all", "--quiet", "--filter", &self.label()])
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        for image in docker(&["images", "--quiet", "--filter", &self.label()]).split_whitespace() {
            docker(&["rmi", "--force", image]);
        }
    }
}

async fn build(bench: &Bench, files: &[(&str, &str)]) -> Done {
    Attempt::new(bench, files).await.run().await
}

/// With nothing said of how.
async fn plain(bench: &Bench, files: &[(&str, &str)]) -> Done {
    let attempt = Attempt::new(bench, files).await;
    bench.run(&BuildRequest { stack: "debian-13".into(), ..attempt.request.clone() }).await
}

fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn kind(name: &str) -> ProcessType {
    ProcessType::parse(name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heroku_yml_with_two_processes_is_built_and_runs() {
    let mut bench = Bench::new().await;
    let files = [
        (
            "heroku.yml",
            "build:\n  docker:\n    web: Dockerfile\n    worker: jobs/Dockerfile\n  config:\n    NAME: all\nrelease:\n  image: worker\n  command:\n    - echo migrated as $(cat /jobs/name)\nrun:\n  web: perl /srv/server.pl from-run\n  worker:\n    image: worker\n",
        ),
        ("Dockerfile", "FROM debian:trixie-slim\nWORKDIR /srv\nCOPY server.pl .\n"),
        ("server.pl", SERVER),
        (
            "jobs/Dockerfile",
            "FROM debian:trixie-slim AS made\nARG NAME=nobody\nRUN mkdir /out && echo $NAME > /out/name\nFROM debian:trixie-slim\nCOPY --from=made /out /jobs\nCOPY work.sh /jobs/\nENTRYPOINT [\"/bin/sh\", \"/jobs/work.sh\"]\nCMD [\"hard\"]\n",
        ),
        ("jobs/work.sh", "echo \"working $1\"; ls /jobs"),
        ("Procfile", "web: this is not run\n"),
    ];
    let built = {
        let attempt = Attempt::new(&bench, &files).await;
        let done = attempt.run().await;
        let shown = done.transcript();
        for line in ["=== Fetching app code", "=== Building web (Dockerfile)", "=== Pushing worker (jobs/Dockerfile)"] {
            assert!(done.has_line(line), "{line}: {shown}");
        }
        assert!(shown.contains(" : FROM docker.io/library/debian:trixie-slim"), "{shown}");
        assert_eq!(attempt.containers(), "");
        done.built().clone()
    };
    let container = built.container.as_ref().unwrap();
    assert_eq!(built.stack, CONTAINER_STACK);
    assert_eq!(built.process_types[&kind("worker")], "/bin/sh /jobs/work.sh hard");
    assert_eq!(container.own_commands, BTreeSet::from([kind("worker")]));
    assert_eq!(container.images[&kind("release")], container.images[&kind("worker")]);

    let web = bench.start_type(&built, &kind("web")).await;
    assert_eq!(body(&web.get("/").await), "from-run 1000 /srv\n");
    let worker = bench.start_type(&built, &kind("worker")).await;
    assert_eq!(worker.end().await, 0);
    // Of its directory alone, and nothing of ours.
    assert_eq!(worker.logs().await, "working hard\nname\nwork.sh\n");
    // The entry point has a command as its arguments, as it would of `docker run`.
    let release = bench.start_type(&built, &kind("release")).await;
    assert_eq!(release.end().await, 0);
    assert!(release.logs().await.starts_with("working /bin/sh\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dockerfile_that_installs_packages_as_root_serves_as_nobody_in_particular() {
    let mut bench = Bench::new().await;
    let dockerfile = "FROM debian:trixie-slim\nRUN apt-get update && apt-get install -y --no-install-recommends hello\nRUN hello > /message && useradd app\nCOPY . /app\nUSER root\nVOLUME /data\nCMD perl /app/server.pl own\n";
    let files = [("Dockerfile", dockerfile), ("server.pl", SERVER), (".dockerignore", "secret\n"), ("secret", "x")];
    let built = build(&bench, &files).await.built().clone();
    let web = bench.start_type(&built, &ProcessType::web()).await;
    assert_eq!(body(&web.get("/").await), "own 1000 /\nHello, world!\n");
    let container = built.container.as_ref().unwrap();
    assert_eq!(container.own_commands, BTreeSet::from([ProcessType::web()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_only_change_uses_the_steps_before_it_again_and_no_other_apps() {
    let bench = Bench::new().await;
    let dockerfile = "FROM debian:trixie-slim\nRUN date +%N > /made\nCOPY code /\nCMD cat /made /code\n";
    let mut attempt = Attempt::new(&bench, &[("Dockerfile", dockerfile), ("code", "1")]).await;
    attempt.run().await.built();
    attempt.request.source_digest = bench.upload(app(&[("Dockerfile", dockerfile), ("code", "2")])).await;
    let again = attempt.run().await;
    assert_eq!(again.transcript().matches(" ---> Using cache").count(), 2, "{}", again.transcript());
    let label = format!("{APP_IMAGE_LABEL}={}", attempt.request.app_id);
    assert_eq!(bench.engine.prune_app_images(&label, Duration::from_secs(3600), 10).await.unwrap(), 0, "all are young");
    let other = build(&bench, &[("Dockerfile", dockerfile), ("code", "1")]).await;
    assert!(!other.transcript().contains("Using cache"), "{}", other.transcript());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_tree_says_how_an_app_without_buildpacks_is_built() {
    let bench = Bench::new().await;
    let dockerfile = ("Dockerfile", "FROM debian:trixie-slim\nCMD true\n");
    let done = plain(&bench, &[dockerfile, ("Procfile", "worker: sleep 1\n")]).await;
    assert!(done.has_line("-----> No language detected, and there is a Dockerfile: building an image of it"));
    assert_eq!(done.built().stack, CONTAINER_STACK);
    assert_eq!(done.built().process_types[&kind("worker")], "sleep 1");
    let manifest = ("heroku.yml", "build:\n  docker:\n    web: Dockerfile\n");
    let done = plain(&bench, &[dockerfile, manifest, ("requirements.txt", "")]).await;
    assert_eq!(done.built().stack, CONTAINER_STACK);
    let done = plain(&bench, &[dockerfile, ("requirements.txt", "")]).await;
    assert_eq!(done.built().stack, "debian-13");
    assert!(done.has_line("       There is a Dockerfile too. To build it instead, set the stack to \"container\"."));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_built_is_said() {
    let bench = Bench::new().await;
    for (files, said) in [
        (&[("a", "b")][..], "=!= Your app does not include a heroku.yml build manifest, nor a Dockerfile."),
        (&[("heroku.yml", "build: [")], "=!= heroku.yml: it is no valid YAML"),
        (&[("heroku.yml", "build: {docker: {web: x/D}}")], "=!= web: there is no x/D in the app"),
        (
            &[("Dockerfile", "FROM debian:trixie-slim\nNONSENSE\n")],
            "=!= web: Dockerfile, line 2: NONSENSE is no instruction",
        ),
        (
            &[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "")],
            "add a CMD to its Dockerfile, or run.web to heroku.yml",
        ),
        (&[("Dockerfile", "FROM debian:trixie-slim\nRUN exit 3\n")], "returned a non-zero code: 3"),
        (&[("Dockerfile", "FROM debian:trixie-slim\nCOPY none /\n")], "none: file does not exist"),
        (
            &[
                ("heroku.yml", "build: {docker: {web: {dockerfile: D, target: two}}}"),
                ("D", "FROM debian:trixie-slim AS one\n"),
            ],
            "two",
        ),
    ] {
        let files = files.to_vec();
        let shown = build(&bench, &files).await.rejected();
        assert!(shown.contains(said), "{said}: {shown}");
        assert!(!shown.contains("FROM sha256:"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_apps_images_and_the_platforms_network_are_not_reached() {
    let bench = Bench::new().await;
    let dockerfile = "FROM debian:trixie-slim\nRUN echo secret > /secret\nCMD true\n";
    let attempt = Attempt::new(&bench, &[("Dockerfile", dockerfile)]).await;
    let mine = attempt.run().await;
    let image = &mine.built().image;
    let (host, _) = image.split_once('/').unwrap();
    // On the engine, by its id; in the registry, by its name.
    let id = docker(&["images", "--no-trunc", "--quiet", image.split_once('@').unwrap().0]);
    let short = id.trim_start_matches("sha256:")[..12].to_owned();
    for (dockerfile, said) in [
        (format!("FROM {image}\n"), "its registry is this platform's own"),
        (format!("ARG X={host}\nFROM debian:trixie-slim\nCOPY --from={image} /secret /\n"), "this platform's own"),
        (format!("ARG X={host}\nFROM $X/apps/x\n"), "its registry is this platform's own"),
        (format!("FROM {id}\n"), "cannot be"),
        (format!("FROM {short}\n"), "cannot be"),
        (format!("FROM debian:trixie-slim\nCOPY --from={short} /secret /\n"), "cannot be"),
        ("FROM 169.254.169.254/latest/meta-data\n".to_owned(), "not an address on the public internet"),
        ("FROM localhost:5432/x\n".to_owned(), "not an address on the public internet"),
        (format!("FROM debian:trixie-slim\nADD http://{host}/v2/ /\n"), "ADD cannot fetch a URL"),
        (
            "FROM debian:trixie-slim\nRUN --mount=type=bind,from=x,target=/x ls\n".to_owned(),
            "--mount can only be type=cache",
        ),
    ] {
        let shown = build(&bench, &[("Dockerfile", &dockerfile)]).await.rejected();
        assert!(shown.contains(said), "{dockerfile}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_has_the_limits_of_a_build() {
    let mut bench = Bench::new().await;
    bench.config.limits.memory_mb = 128;
    bench.config.limits.processes = 50;
    let perl = "FROM debian:trixie-slim\nRUN perl -e '$x = \"x\" x (1 << 30); print length $x'\nCMD true\n";
    let shown = build(&bench, &[("Dockerfile", perl)]).await.rejected();
    assert!(shown.contains("returned a non-zero code: 137"), "{shown}");

    let forks =
        "FROM debian:trixie-slim\nRUN sleep 2; for n in $(seq 100); do sleep 3 & done 2>&1; wait; echo all\nCMD true\n";
    let shown = build(&bench, &[("Dockerfile", forks)]).await.transcript();
    assert!(shown.contains("Cannot fork"), "{shown}");

    bench.config.limits.disk_bytes = 50 << 20;
    let one = "FROM debian:trixie-slim\nRUN head -c 60M /dev/zero > /file\nCMD true\n";
    build(&bench, &[("Dockerfile", one)]).await.rejected();
    let many = "FROM debian:trixie-slim\nRUN for n in $(seq 100); do head -c 20M /dev/zero > /file$n; sleep 0.5; done\nCMD true\n";
    let shown = build(&bench, &[("Dockerfile", many)]).await.rejected();
    assert!(shown.contains("it wrote more than 50 MB to the disk"), "{shown}");

    bench.config.limits.seconds = 3;
    let shown = build(&bench, &[("Dockerfile", "FROM debian:trixie-slim\nRUN sleep 1000\n")]).await.rejected();
    assert!(shown.contains("it took longer than 3 seconds"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_build_is_gone_within_moments() {
    let bench = Bench::new().await;
    let attempt = Attempt::new(&bench, &[("Dockerfile", "FROM debian:trixie-slim\nRUN sleep 1000\n")]).await;
    let cancel = CancellationToken::new();
    let stop = async {
        while attempt.containers().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        cancel.cancel();
        let since = Instant::now();
        while !attempt.containers().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        since.elapsed()
    };
    let (done, took) = tokio::join!(bench.run_until(&attempt.request, cancel.clone()), stop);
    assert!(matches!(done.result, Err(BuildError::Cancelled)), "{:?}", done.result);
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_do_without() {
    let mut bench = Bench::new().await;
    bench.config.container_builds = false;
    let shown = build(&bench, &[("Dockerfile", "FROM debian:trixie-slim\nCMD true\n")]).await.rejected();
    assert!(shown.contains("its operator has switched it off"), "{shown}");
}
