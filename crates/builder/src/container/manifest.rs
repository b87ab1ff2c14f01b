//! `heroku.yml`: which images an app is, and what runs in each (Heroku: "Building Docker Images with heroku.yml").

use std::collections::BTreeMap;

use paas_model::{ProcessType, Procfile};
use serde::Deserialize;
use serde_norway::Value;

/// What to build, and what to run of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// By the process type that it is named after.
    pub images: BTreeMap<ProcessType, ImageSource>,
    /// Build arguments of every image.
    pub args: BTreeMap<String, String>,
    pub processes: BTreeMap<ProcessType, Process>,
}

/// A Dockerfile; its directory is the build's context.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ImageSource {
    pub dockerfile: String,
    /// Stage of it. `None`: the last.
    pub target: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    /// One of the plan's images.
    pub image: ProcessType,
    /// For a shell. `None`: what the image says.
    pub command: Option<String>,
}

/// The user's to mend. Display is the line to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadManifest {
    #[error("it is no valid YAML: {0}")]
    Yaml(String),
    #[error(
        "it builds no image. Name a Dockerfile for each process type:\n\n       build:\n         docker:\n           web: Dockerfile"
    )]
    NoImages,
    #[error("build.docker names more than {MAX_IMAGES} images, which are the most of one app")]
    TooManyImages,
    #[error("build.docker names {0:?}, which is no process type: letters, digits, - and _")]
    ProcessType(String),
    #[error("{0:?} is no path of a Dockerfile within the app")]
    Path(String),
    #[error("build.config.{0} is neither text nor a number")]
    Argument(String),
    #[error(
        "the process type {kind} is to run in the image {image}, which build.docker does not name. There are: {known}"
    )]
    NoSuchImage { kind: String, image: String, known: String },
    #[error("the process type {0} needs a command")]
    NoCommand(String),
}

/// Each has files that are read, and is built by itself.
const MAX_IMAGES: usize = 20;

#[derive(Deserialize)]
struct File {
    build: Option<Build>,
    release: Option<Run>,
    run: Option<BTreeMap<String, Run>>,
}

#[derive(Deserialize)]
struct Build {
    docker: Option<BTreeMap<String, Docker>>,
    config: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Docker {
    Path(String),
    // Not Heroku's: stages of one Dockerfile as images of their own.
    Stage { dockerfile: String, target: Option<String> },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Run {
    Command(Words),
    Full { command: Option<Words>, image: Option<String> },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    Line(String),
    List(Vec<String>),
}

impl Words {
    fn line(&self) -> String {
        match self {
            Self::Line(line) => line.trim().to_owned(),
            Self::List(words) => words.join(" ").trim().to_owned(),
        }
    }
}

impl Plan {
    /// # Errors
    /// [`BadManifest`].
    pub(super) fn parse(yaml: &[u8]) -> Result<Self, BadManifest> {
        let text = String::from_utf8_lossy(yaml);
        let file: File = serde_norway::from_str(&text).map_err(|error| BadManifest::Yaml(error.to_string()))?;
        let build = file.build.unwrap_or(Build { docker: None, config: None });
        let images = images(build.docker.unwrap_or_default())?;
        let args =
            build.config.unwrap_or_default().into_iter().map(|(key, value)| Ok((key.clone(), scalar(&key, &value)?)));
        let args = args.collect::<Result<_, BadManifest>>()?;
        let mut processes = BTreeMap::new();
        match file.run {
            // Heroku: with `run`, it alone says what runs.
            Some(run) => {
                for (name, run) in run {
                    let kind = process_type(&name)?;
                    let process = process(&images, &kind, &run)?;
                    processes.insert(kind, process);
                }
            }
            None => {
                let own = |kind: &ProcessType| (kind.clone(), Process { image: kind.clone(), command: None });
                processes.extend(images.keys().map(own));
            }
        }
        if let Some(release) = file.release {
            let kind = ProcessType::release();
            let process = process(&images, &kind, &release)?;
            if process.command.is_none() {
                return Err(BadManifest::NoCommand(kind.to_string()));
            }
            processes.insert(kind, process);
        }
        Ok(Self { images, args, processes })
    }

    /// Of an app with nothing but a Dockerfile, and a Procfile perhaps: all runs in the one image.
    pub(super) fn of_dockerfile(procfile: Option<&Procfile>) -> Self {
        let web = ProcessType::web();
        let source = ImageSource { dockerfile: "Dockerfile".to_owned(), target: None };
        let commands = procfile.map(|procfile| procfile.entries.clone()).unwrap_or_default();
        let mut processes: BTreeMap<_, _> = commands
            .into_iter()
            .map(|(kind, command)| (kind, Process { image: web.clone(), command: Some(command) }))
            .collect();
        processes.entry(web.clone()).or_insert(Process { image: web.clone(), command: None });
        Self { images: BTreeMap::from([(web, source)]), args: BTreeMap::new(), processes }
    }
}

fn images(docker: BTreeMap<String, Docker>) -> Result<BTreeMap<ProcessType, ImageSource>, BadManifest> {
    if docker.is_empty() {
        return Err(BadManifest::NoImages);
    }
    if docker.len() > MAX_IMAGES {
        return Err(BadManifest::TooManyImages);
    }
    let image = |(name, docker): (String, Docker)| {
        let (dockerfile, target) = match docker {
            Docker::Path(path) => (path, None),
            Docker::Stage { dockerfile, target } => (dockerfile, target),
        };
        Ok((process_type(&name)?, ImageSource { dockerfile: path(&dockerfile)?, target }))
    };
    docker.into_iter().map(image).collect()
}

fn process(images: &BTreeMap<ProcessType, ImageSource>, kind: &ProcessType, run: &Run) -> Result<Process, BadManifest> {
    let (command, named) = match run {
        Run::Command(words) => (Some(words.line()), None),
        Run::Full { command, image } => (command.as_ref().map(Words::line), image.as_deref()),
    };
    let image = match named {
        Some(name) => process_type(name)?,
        None if images.contains_key(kind) => kind.clone(),
        // The one that there is; of several, the web's.
        None if images.len() == 1 => images.keys().next().cloned().unwrap_or_else(ProcessType::web),
        None => ProcessType::web(),
    };
    if !images.contains_key(&image) {
        let known: Vec<&str> = images.keys().map(ProcessType::as_str).collect();
        let (kind, image) = (kind.to_string(), image.to_string());
        return Err(BadManifest::NoSuchImage { kind, image, known: known.join(", ") });
    }
    Ok(Process { image, command: command.filter(|command| !command.is_empty()) })
}

fn process_type(name: &str) -> Result<ProcessType, BadManifest> {
    ProcessType::parse(name).map_err(|_| BadManifest::ProcessType(name.to_owned()))
}

/// Relative to the app, and within it.
fn path(text: &str) -> Result<String, BadManifest> {
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let is_within = !text.starts_with('/') && !parts.contains(&"..") && !text.contains(['\0', '\n']);
    match is_within && !parts.is_empty() && text.len() <= 1024 {
        true => Ok(parts.join("/")),
        false => Err(BadManifest::Path(text.to_owned())),
    }
}

fn scalar(key: &str, value: &Value) -> Result<String, BadManifest> {
    plain(value).ok_or_else(|| BadManifest::Argument(key.to_owned()))
}

/// `None`: it is a list or a map.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(image: &str, command: Option<&str>) -> Process {
        Process { image: ProcessType::parse(image).unwrap(), command: command.map(str::to_owned) }
    }

    fn processes(yaml: &str) -> BTreeMap<String, Process> {
        let plan = Plan::parse(yaml.as_bytes()).unwrap();
        plan.processes.into_iter().map(|(kind, process)| (kind.to_string(), process)).collect()
    }

    #[test]
    fn herokus_own_example_is_understood() {
        let yaml = "\
setup:
  addons:
    - plan: heroku-postgresql
build:
  docker:
    web: ./Dockerfile
    worker: worker/Dockerfile
  config:
    RAILS_ENV: development
    JOBS: 4
release:
  command:
    - ./deployment-tasks.sh
  image: worker
run:
  web: bundle exec puma -C config/puma.rb
  worker:
    command:
      - python myworker.py
    image: web
  clock:
    image: worker
";
        let plan = Plan::parse(yaml.as_bytes()).unwrap();
        assert_eq!(plan.images[&ProcessType::web()].dockerfile, "Dockerfile");
        assert_eq!(plan.args["JOBS"], "4");
        let processes = processes(yaml);
        assert_eq!(processes["web"], process("web", Some("bundle exec puma -C config/puma.rb")));
        assert_eq!(processes["worker"], process("web", Some("python myworker.py")));
        assert_eq!(processes["clock"], process("worker", None));
        assert_eq!(processes["release"], process("worker", Some("./deployment-tasks.sh")));
    }

    #[test]
    fn an_app_has_so_many_images_and_no_more() {
        let images = |count| (0..count).map(|number| format!("    web{number}: D{number}\n")).collect::<String>();
        let parse = |count| Plan::parse(format!("build:\n  docker:\n{}", images(count)).as_bytes());
        assert_eq!(parse(MAX_IMAGES).unwrap().images.len(), MAX_IMAGES);
        assert_eq!(parse(MAX_IMAGES + 1), Err(BadManifest::TooManyImages));
    }

    #[test]
    fn without_run_every_image_runs_what_it_says() {
        let found = processes("build: {docker: {web: Dockerfile, worker: {dockerfile: Dockerfile, target: jobs}}}");
        assert_eq!(found["web"], process("web", None));
        assert_eq!(found["worker"], process("worker", None));
    }

    #[test]
    fn a_dockerfile_alone_runs_what_it_says_and_what_the_procfile_says() {
        let plan = Plan::of_dockerfile(None);
        assert_eq!(plan.processes[&ProcessType::web()], process("web", None));
        let plan = Plan::of_dockerfile(Some(&Procfile::parse(b"worker: work\n")));
        assert_eq!(plan.processes[&ProcessType::web()], process("web", None));
        assert_eq!(plan.processes[&ProcessType::parse("worker").unwrap()], process("web", Some("work")));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (yaml, said) in [
            ("build: [", "no valid YAML"),
            ("run: {web: x}", "builds no image"),
            ("build: {docker: {}}", "builds no image"),
            ("build: {docker: {'we b': Dockerfile}}", "no process type"),
            ("build: {docker: {web: ../Dockerfile}}", "no path of a Dockerfile"),
            ("build: {docker: {web: /etc/passwd}}", "no path of a Dockerfile"),
            ("build: {docker: {web: Dockerfile}, config: {A: [1]}}", "build.config.A"),
            ("build: {docker: {web: D}}\nrun: {worker: {image: jobs}}", "the image jobs, which build.docker"),
            ("build: {docker: {web: D}}\nrelease: {image: web}", "release needs a command"),
        ] {
            let error = Plan::parse(yaml.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{yaml}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_do_no_harm(yaml: Vec<u8>) {
            drop(Plan::parse(&yaml));
        }
    }
}
