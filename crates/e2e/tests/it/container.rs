//! Apps of Dockerfiles, pushed as they are.

use crate::harness::{Platform, Repo};

/// What the stacks are made of has no Python, and Perl is enough.
const SERVER: &str = r#"use IO::Socket::INET;
$SIG{TERM} = sub { exit 0 };
my $s = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die;
print STDERR "listening\n";
while (my $c = $s->accept) {
  while (<$c>) { last if /^\r?$/ }
  print $c "HTTP/1.0 200 OK\r\n\r\nversion=", `cat /srv/version`, "greeting=$ENV{GREETING} built=", `cat /srv/built`;
}
"#;

const DOCKERFILE: &str = "FROM debian:trixie-slim\nARG MODE=none\nWORKDIR /srv\nRUN echo $MODE > built\nCOPY . .\nCMD [\"perl\", \"server.pl\"]\n";

const MANIFEST: &str = "\
build:
  docker:
    web: Dockerfile
    worker: worker/Dockerfile
  config:
    MODE: production
release:
  image: worker
  command:
    - echo migrating with $GREETING
run:
  web: exec perl server.pl
  worker:
    image: worker
";

const WORKER: &str = "FROM debian:trixie-slim\nCMD echo \"working as $DYNO\"; exec sleep 1000\n";

#[test]
fn a_heroku_yml_app_with_two_processes_lives_as_any_other() {
    let platform = Platform::start();
    let repo = Repo::create(&platform, "shop", false);
    platform.paas(&["config:set", "--app", "shop", "GREETING=hello"]).ok();
    let version = |version: &'static str| ("version", version);
    repo.commit([
        ("heroku.yml", MANIFEST),
        ("Dockerfile", DOCKERFILE),
        ("server.pl", SERVER),
        ("worker/Dockerfile", WORKER),
        version("one\n"),
    ]);
    let shown = repo.push().ok();
    for line in [
        "there is a heroku.yml that builds images: using it",
        "=== Building web (Dockerfile)",
        "=== Building worker (worker/Dockerfile)",
        "=== Process types: release, web, worker",
        "migrating with hello",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    platform.answers("shop", "version=one\ngreeting=hello built=production");

    platform.paas(&["ps:scale", "worker=1", "--app", "shop"]).ok();
    platform.has_logged("shop", "app[worker.1]: working as worker.1");
    let ps = platform.paas(&["ps", "--app", "shop"]).ok();
    assert!(ps.stdout.contains("exec perl server.pl") && ps.stdout.contains("working as $DYNO"), "{ps}");
    let ran = platform.paas(&["run", "--app", "shop", "--", "cat", "/srv/version"]).ok();
    assert!(ran.stdout.contains("one"), "{ran}");

    repo.commit([version("two\n")]);
    let shown = repo.push().ok();
    assert!(shown.contains(" ---> Using cache"), "{shown}");
    platform.answers("shop", "version=two");
    platform.paas(&["rollback", "--app", "shop"]).ok();
    platform.answers("shop", "version=one");

    repo.commit([("Dockerfile", "FROM debian:trixie-slim\nRUN exit 7\n")]);
    let shown = repo.push().rejected();
    assert!(shown.contains("=!= Build failed due to an error:") && shown.contains("non-zero code: 7"), "{shown}");
    platform.answers("shop", "version=one");
}

#[test]
fn a_dockerfile_is_enough_and_the_stack_can_ask_for_it() {
    let platform = Platform::start();
    let repo = Repo::create(&platform, "hello", false);
    repo.commit([("Dockerfile", DOCKERFILE), ("server.pl", SERVER), ("version", "one\n")]);
    let shown = repo.push().ok();
    assert!(shown.contains("No language detected, and there is a Dockerfile: building an image of it"), "{shown}");
    platform.answers("hello", "version=one\ngreeting= built=none");

    // A language's files do not change what the stack says.
    platform.paas(&["stacks:set", "container", "--app", "hello"]).ok();
    repo.commit([("requirements.txt", ""), ("version", "two\n")]);
    repo.push().ok();
    platform.answers("hello", "version=two");
}
