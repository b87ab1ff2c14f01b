use crate::{
    commands::buildpacks::change,
    context::{AppArgs, Context},
    error::Error,
};

/// Remove a buildpack, by name or by place
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub(crate) struct Remove {
    /// Its name or URL
    #[arg(value_name = "BUILDPACK", group = "which")]
    buildpack: Option<String>,
    /// Its place in the list, from 1
    #[arg(short, long, value_name = "NUMBER", group = "which")]
    index: Option<usize>,
    #[command(flatten)]
    app: AppArgs,
}

impl Remove {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let mut buildpacks = change::current(context, &app).await?;
        let missing = || Error::mistake("Buildpack not found. Nothing was removed.", "`paas buildpacks` lists them");
        let at = match (self.index, &self.buildpack) {
            (Some(index), _) => change::place(index, buildpacks.len())?,
            (None, Some(name)) => buildpacks.iter().position(|known| known == name).ok_or_else(missing)?,
            (None, None) => return Err(missing()),
        };
        buildpacks.remove(at);
        change::put(context, &app, buildpacks, "removed").await
    }
}
