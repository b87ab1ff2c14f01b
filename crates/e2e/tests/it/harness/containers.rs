//! What a platform has in the container engine, by Docker's own command.

use std::{fs, path::Path, process::Command};

use super::run::run;

/// One container of a platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Container {
    /// `dyno-…` or `build-…`
    pub(crate) name: String,
    /// The engine's own: another one for every container.
    pub(crate) id: String,
    /// `running`, `exited`, `created`, …
    pub(crate) state: String,
    /// Empty for builds.
    pub(crate) app: String,
}

impl Container {
    /// Whether it still exists, in whatever state.
    pub(crate) fn is_there(&self) -> bool {
        let list = ["ps", "--all", "--quiet", "--filter", &format!("id={}", self.id)];
        !docker(&list).is_empty()
    }

    /// What the engine has stored of its output.
    pub(crate) fn log_bytes(&self) -> u64 {
        let path = docker(&["inspect", "--format", "{{.LogPath}}", &self.id]);
        let Some(directory) = Path::new(path.trim()).parent() else { return 0 };
        let files = fs::read_dir(directory).expect("the test runs where the engine does, and as root").flatten();
        let logs = files.filter(|file| file.file_name().to_string_lossy().contains("-json.log"));
        logs.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
    }
}

/// Those of this machine's engine that carry `label` (`key=value`), in any state, sorted by name.
pub(crate) fn labelled(label: &str) -> Vec<Container> {
    labelled_by(docker, label)
}

/// The same of the engine that `docker` leads to.
pub(crate) fn labelled_by(docker: impl Fn(&[&str]) -> String, label: &str) -> Vec<Container> {
    let format = r#"{{.Names}}	{{.ID}}	{{.State}}	{{.Label "paas.app"}}"#;
    let list = ["ps", "--all", "--no-trunc", "--filter", &format!("label={label}"), "--format", format];
    let listed = docker(&list);
    let parse = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut next = || fields.next().unwrap_or_default();
        Container { name: next(), id: next(), state: next(), app: next() }
    };
    let mut containers: Vec<_> = listed.lines().map(parse).collect();
    containers.sort();
    containers
}

/// The id of the newest image of a name; empty when there is none.
pub(crate) fn image_id(name: &str) -> String {
    docker(&["images", "--quiet", name]).lines().next().unwrap_or_default().to_owned()
}

/// Ends them at once. Ones that are gone already are no failure.
pub(crate) fn remove<Name: AsRef<str>>(names: impl IntoIterator<Item = Name>) {
    for name in names {
        run(Command::new("docker").args(["rm", "--force", "--volumes", name.as_ref()]));
    }
}

/// Forgets the images that came from a platform's registry.
pub(crate) fn remove_images(registry_port: u16) {
    let is_ours = |image: &&str| {
        let registries = ["127.0.0.1", "127.0.0.2"].map(|address| format!("{address}:{registry_port}/"));
        registries.iter().any(|registry| image.starts_with(registry)) && !image.ends_with("<none>")
    };
    // One that was pulled by its digest has no tag.
    for format in ["{{.Repository}}:{{.Tag}}", "{{.Repository}}@{{.Digest}}"] {
        let images = docker(&["images", "--digests", "--format", format]);
        for image in images.lines().filter(is_ours) {
            run(Command::new("docker").args(["rmi", "--force", image]));
        }
    }
}

fn docker(args: &[&str]) -> String {
    run(Command::new("docker").args(args)).ok().stdout
}
