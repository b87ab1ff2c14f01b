//! The way of a developer on a new platform, from `paas create` to `paas destroy`.

use crate::harness::{Platform, Repo, SERVER, WEB, eventually, files_of_example, seconds};

#[test]
fn a_developer_pushes_an_app_and_lives_with_it() {
    let platform = Platform::start();
    let repo = Repo::create(&platform, "hello", true);
    repo.commit([("Procfile", WEB), ("server.py", SERVER), ("VERSION", "one")]);

    // Deploy.
    let transcript = repo.push().ok();
    for line in [
        "-----> Inline app detected",
        "       Procfile declares types -> web",
        "-----> Launching...",
        "       Released v3",
        "Verifying deploy... done.",
    ] {
        assert!(transcript.lines().any(|shown| shown == line), "{line:?} is not in\n{transcript}");
    }
    platform.answers("hello", "version=one greeting= dyno=web.1");
    platform.has_logged("hello", "app[web.1]: listening, version one");
    platform.has_logged("hello", "heroku[web.1]: State changed from starting to up");
    platform.has_logged("hello", "at=info method=GET path=\"/\" host=hello.localhost");
    let log = platform.logs("hello");
    for text in ["heroku[web.1]: Starting process with command `exec python3 server.py`", "app[api]: Build succeeded"] {
        assert!(log.contains(text), "{text:?} is not in\n{log}");
    }
    let stages = platform.paas(&["builds:info", "--app", "hello", "--json"]).ok().stdout;
    for stage in ["receive", "wait", "unpack", "detect", "compile", "slug", "upload", "release", "start", "route"] {
        // Of the app's own buildpack, which is named, nothing is detected.
        assert!(stages.contains(&format!("\"{stage}\":")) || stage == "detect", "{stage} is not in\n{stages}");
    }
    let ps = platform.paas(&["ps", "--app", "hello"]).ok().stdout;
    assert!(ps.contains("exec python3 server.py (1)") && ps.contains("web.1: up"), "{ps}");
    let releases = platform.paas(&["releases", "--app", "hello"]).ok().stdout;
    assert!(releases.contains("Current: v3") && releases.contains("Deploy "), "{releases}");

    // Configure.
    platform.paas(&["config:set", "GREETING=hi", "--app", "hello"]).ok();
    platform.answers("hello", "version=one greeting=hi");
    platform.paas(&["ps:scale", "web=2", "--app", "hello"]).ok();
    eventually("web.2 answers", seconds(60), || platform.get("hello", "/").ok().contains("dyno=web.2").then_some(()));

    // One-off dynos.
    let ran = platform.paas(&["run", "--app", "hello", "--", "sh", "-c", "echo $GREETING from $DYNO; exit 7"]);
    assert_eq!(ran.status, Some(7), "{ran}");
    assert!(ran.stdout.starts_with("hi from run."), "{ran}");

    // A second version, and back.
    repo.commit([("VERSION", "two")]);
    assert!(repo.push().ok().contains("Released v5"));
    platform.answers("hello", "version=two greeting=hi");
    platform.paas(&["rollback", "v4", "--app", "hello"]).ok();
    platform.answers("hello", "version=one greeting=hi");

    // The code comes back by git, as it was pushed.
    let elsewhere = Repo::empty(&platform, "elsewhere");
    let remote = repo.git(&["remote", "get-url", "paas"]).ok().stdout;
    let mut connect = platform.paas_command(&["git:remote", "--app", "hello"]);
    assert!(connect.current_dir(&elsewhere.directory).status().expect("paas can be run").success());
    elsewhere.git(&["pull", "--quiet", remote.trim(), "main"]).ok();
    assert_eq!(elsewhere.git(&["rev-parse", "HEAD"]).ok().stdout, repo.git(&["rev-parse", "HEAD"]).ok().stdout);

    // The end.
    platform.paas(&["destroy", "--app", "hello", "--confirm", "hello"]).ok();
    eventually("no container is left", seconds(60), || platform.dynos().is_empty().then_some(()));
    assert_eq!(platform.get("hello", "/").status, 404);
    assert!(repo.push().rejected().contains("not found"));
}

/// The slow part is what the buildpacks download; each is pushed once.
#[test]
fn unmodified_apps_of_common_frameworks_deploy_and_answer() {
    let platform = Platform::start();
    for (example, app, buildpack) in
        [("node-express", "express", "Node.js app detected"), ("python-flask", "flask", "Python app detected")]
    {
        let repo = Repo::create(&platform, app, false);
        repo.commit(files_of_example(example));
        let transcript = repo.push().ok();
        assert!(transcript.contains(buildpack), "{transcript}");
        platform.answers(app, "<html");
    }
}
