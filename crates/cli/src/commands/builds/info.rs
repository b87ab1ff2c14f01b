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
            ("Status", build.status.as_str().to_owned()),
            ("Version", build.source_blob.version.clone().unwrap_or_default()),
            ("When", ago(build.created_at, Utc::now())),
        ];
        fields.retain(|(_, value)| !value.is_empty());
        context.printer.header(format!("Build {}", build.id))?;
        context.printer.object(&fields)
    }
}
