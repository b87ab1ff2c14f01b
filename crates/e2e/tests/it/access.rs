//! Who may do what, told by what git and `paas` say.

use crate::harness::{Platform, Repo, SERVER, WEB, run};

const STRANGER: &str = "HRKU-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn nobody_reaches_an_app_that_is_not_theirs() {
    let platform = Platform::start();
    let repo = Repo::create(&platform, "hello", true);
    repo.commit([("Procfile", WEB), ("server.py", SERVER), ("VERSION", "one")]);

    // No token, and one that nobody has.
    let url = repo.git(&["remote", "get-url", "paas"]).ok().stdout;
    let with = |password: &str, app: &str| {
        url.trim().replace("https://", &format!("https://git:{password}@")).replace("hello.git", &format!("{app}.git"))
    };
    let refused = repo.push_with(&[&with("wrong", "hello"), "main"]).rejected();
    assert!(refused.contains("Authentication failed"), "{refused}");
    let ran = run(platform.paas_command(&["apps"]).env("PAAS_API_KEY", "wrong")).refused();
    assert!(ran.contains("Invalid credentials provided"), "{ran}");

    // An app that is not there.
    repo.git(&["remote", "add", "typo", &url.trim().replace("hello.git", "helo.git")]).ok();
    let refused = repo.push_with(&["typo", "main"]).rejected();
    assert!(refused.contains("No such app as helo"), "{refused}");
    let ran = platform.paas(&["ps", "--app", "helo"]).refused();
    assert!(ran.contains("Couldn't find that app"), "{ran}");

    // Somebody else, with an account and a token of their own.
    platform.sql(&format!(
        "insert into accounts (id, email) values ('00000000-0000-7000-8000-000000000001', 'stranger@localhost'); \
         insert into tokens (id, account_id, description, token_hash) values ('00000000-0000-7000-8000-000000000002', \
         '00000000-0000-7000-8000-000000000001', 'theirs', sha256('{STRANGER}'))"
    ));
    let as_stranger = |args: &[&str]| run(platform.paas_command(args).env("PAAS_API_KEY", STRANGER));
    assert!(as_stranger(&["whoami"]).ok().stdout.contains("stranger@localhost"));
    for args in [&["info"][..], &["config"], &["logs"], &["ps:scale", "web=0"], &["run", "--", "id"]] {
        as_stranger(&[args, &["--app", "hello"]].concat()).refused();
    }
    assert!(!as_stranger(&["apps"]).ok().stdout.contains("hello"));
    for args in [["push"], ["ls-remote"]] {
        let ran = repo.git(&[&args[..], &[&with(STRANGER, "hello")]].concat());
        assert_ne!(ran.status, Some(0), "{ran}");
    }

    // None of it left a trace, and the owner's push goes through.
    assert_eq!(platform.sql("select count(*) from builds"), "0");
    repo.push().ok();
}
