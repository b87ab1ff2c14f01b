use crate::{
    commands::buildpacks::change,
    context::{AppArgs, Context},
    error::Error,
};

/// Put a buildpack at a place, in place of the one there
#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// A name (heroku/nodejs), a git URL, or the URL of a .tgz
    #[arg(value_name = "BUILDPACK")]
    buildpack: String,
    /// Place in the list, from 1
    #[arg(short, long, value_name = "NUMBER", default_value_t = 1)]
    index: usize,
    #[command(flatten)]
    app: AppArgs,
}

impl Set {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let mut buildpacks = change::current(context, &app).await?;
        change::refuse_duplicate(&buildpacks, &self.buildpack, &app)?;
        let end = buildpacks.len() + 1;
        let at = change::place(self.index.min(end), end)?;
        match buildpacks.get_mut(at) {
            Some(old) => *old = self.buildpack,
            None => buildpacks.push(self.buildpack),
        }
        change::put(context, &app, buildpacks, "set").await
    }
}
