use std::collections::BTreeMap;

use chrono::Utc;
use paas_platform::Buildpack;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    time::ago,
};

/// Show a build
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    /// Id of the build; the newest if it is not given
    #[arg(value_name = "BUILD")]
    build: Option<String>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Info {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let build = super::find(context.client()?, &app, self.build.as_deref()).await?;
        if self.json.json {
            return context.printer.json(&build);
        }
        let buildpacks = build.buildpacks.as_deref().unwrap_or_default();
        let mut fields = vec![
            ("Buildpacks", buildpacks.iter().map(Buildpack::label).collect::<Vec<_>>().join("\n")),
            ("By", build.user.email.clone()),
            ("Release", build.release.map(|release| release.id.to_string()).unwrap_or_default()),
            ("Slug", build.slug.map(|slug| slug.id.to_string()).unwrap_or_default()),
            ("Stack", build.stack.clone()),
            ("Stages", stages(&build.stages)),
            ("Status", build.status.as_str().to_owned()),
            ("Version", build.source_blob.version.clone().unwrap_or_default()),
            ("When", ago(build.created_at, Utc::now())),
        ];
        fields.retain(|(_, value)| !value.is_empty());
        context.printer.header(format!("Build {}", build.id))?;
        context.printer.object(&fields)
    }
}

/// The order that a build goes through them in.
const STAGES: [&str; 17] = [
    "receive", "wait", "prepare", "unpack", "restore", "detect", "fetch", "compile", "pack", "settle", "slug",
    "upload", "image", "cache", "release", "start", "route",
];

/// A line for each. What is measured over several of them is left out, and what a newer server may measure comes last.
fn stages(milliseconds: &BTreeMap<String, u64>) -> String {
    let known = STAGES.into_iter().filter(|name| milliseconds.contains_key(*name));
    let others = milliseconds.keys().map(String::as_str).filter(|name| *name != "run" && !STAGES.contains(name));
    let line = |name: &str| format!("{name:<8}{:>8}", format!("{} ms", milliseconds[name]));
    known.chain(others).map(line).collect::<Vec<_>>().join("\n")
}
