//! A newer run image of the stack, and the apps that were there before.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::harness::{Platform, Repo, SERVER, run};

/// Answers with what the run image has in this file.
const WEB: &str = "web: GREETING=$(cat /etc/stack-version 2>/dev/null) exec python3 server.py\n";
/// The same, but only where the file is not, or it was told that it may be.
const PICKY: &str = "web: if [ -e /etc/stack-version ] && [ -z \"$TAKES_IT\" ]; then exit 1; fi; \
    GREETING=$(cat /etc/stack-version 2>/dev/null) exec python3 server.py\n";

/// In the server, of each request.
const TELLS: &str = "        print('asked for', self.path, 'with', os.environ['GREETING'] or 'nothing', flush=True)\n";

const REBASE: [&str; 2] = ["stacks:rebase", "--all"];

#[test]
fn every_app_is_put_on_a_newer_run_image_until_one_does_not_come_up_and_then_the_rest() {
    let mut platform = Platform::start();
    let server =
        SERVER.replace("        if self.path == \"/slow\":", &format!("{TELLS}        if self.path == \"/slow\":"));
    for (app, web) in [("ada", WEB), ("bob", PICKY), ("cyd", WEB)] {
        let repo = Repo::create(&platform, app, true);
        repo.commit([("Procfile", web), ("server.py", &server), ("VERSION", "one")]);
        repo.push().ok();
        platform.answers(app, "version=one greeting= ");
    }
    platform.paas(&["apps:health", "/health", "--app", "ada"]).ok();
    assert!(platform.paas(&REBASE).ok().stderr.contains("Nothing to do: 3 apps stand on the newest image."));

    let next = RunImage::make(&platform);
    platform.restart_with("PAAS_STACKS", &next.stacks);
    assert!(platform.log().contains("`paas stacks:rebase --all` puts them on this one"), "an operator is told");
    let shown = platform.paas(&[&REBASE[..], &["--dry-run"]].concat()).ok().stdout;
    assert_eq!(shown.matches("outdated").count(), 3, "{shown}");
    let made = || platform.sql("select (select count(*) from builds), count(distinct digest) from slugs");
    let before = made();
    platform.answers("ada", "greeting= ");

    let stopped = platform.paas(&REBASE).refused();
    for part in [
        "Rebasing ⬢ ada on debian-13",
        "bob did not come up on v4: web.1 crashed. What ran before goes on.",
        "Stopped here: 1 app on the newest image, 1 app not begun.",
    ] {
        assert!(stopped.contains(part), "{part}: {stopped}");
    }
    platform.answers("ada", "greeting=next ");
    platform.has_logged("ada", "asked for /health with next");
    platform.answers("bob", "greeting= ");
    platform.answers("cyd", "greeting= ");
    let again = platform.paas(&REBASE).refused();
    assert!(again.contains("bob did not come up on v4"), "it is no safer now: {again}");
    platform.answers("cyd", "greeting= ");

    platform.paas(&["config:set", "TAKES_IT=yes", "--app", "bob"]).ok();
    platform.answers("bob", "greeting=next ");
    platform.paas(&REBASE).ok();
    platform.answers("cyd", "greeting=next ");
    assert!(platform.paas(&REBASE).ok().stderr.contains("Nothing to do: 3 apps stand on the newest image."));

    assert_eq!(made(), before, "no build, and no layer");
    platform.paas(&["rollback", "--app", "cyd"]).ok();
    platform.answers("cyd", "greeting= ");
}

/// A run image of the operator's own; gone from the engine with the value.
struct RunImage {
    name: String,
    /// For `PAAS_STACKS`.
    stacks: String,
}

impl RunImage {
    fn make(platform: &Platform) -> Self {
        let ours = platform.paasd_says(&["stacks"]);
        let (stack, run_image) = ours.trim().rsplit_once(',').unwrap();
        let name = format!("paas-test/debian-13-next:{}", std::process::id());
        let dockerfile = format!("FROM {run_image}\nUSER root\nRUN printf next >/etc/stack-version\nUSER 1000:1000\n");
        let mut build = Command::new("docker");
        build.args(["build", "--quiet", "--tag", &name, "-"]).env("DOCKER_BUILDKIT", "0");
        let mut child = build.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(dockerfile.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        Self { stacks: format!("{stack},{name}"), name }
    }
}

impl Drop for RunImage {
    fn drop(&mut self) {
        run(Command::new("docker").args(["rmi", "--force", &self.name]));
    }
}
