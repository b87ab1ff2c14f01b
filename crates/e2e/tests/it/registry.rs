//! The image registry as other machines reach it: nothing gets in there without a token.

use std::net::Ipv4Addr;

use crate::harness::{Platform, Repo, eventually, seconds};

#[test]
fn an_app_is_pushed_and_runs_by_digest_where_the_registry_takes_tokens_alone() {
    // An address that is not the one on which nothing is asked for, and that needs no network.
    let platform = Platform::start_at(Ipv4Addr::new(127, 0, 0, 2), &[]);
    let repo = Repo::deployed(&platform, "hello", "one");
    repo.commit([("VERSION", "two")]);
    repo.push().ok();
    platform.answers("hello", "version=two ");
    let images = platform.sql("select image from slugs");
    assert_eq!(images.lines().count(), 2);
    for image in images.lines() {
        let (repository, digest) = image.split_once('@').expect(image);
        assert!(repository.starts_with("127.0.0.2:") && digest.starts_with("sha256:"), "{image}");
    }
    let stranger = platform.registry_status();
    assert_eq!(stranger, 401);

    // By a tag, as versions before named them.
    let tagged =
        "update slugs set image = split_part(image, '@', 1) || ':' || replace(split_part(image, '@', 2), ':', '-')";
    platform.sql(tagged);
    let before = platform.dynos_of("hello");
    platform.paas(&["ps:restart", "--app", "hello"]).ok();
    eventually("another dyno runs", seconds(90), || {
        let now = platform.dynos_of("hello");
        (!now.is_empty() && now.iter().all(|dyno| !before.contains(dyno) && dyno.state == "running")).then_some(())
    });
    platform.answers("hello", "version=two ");
}
