use crate::{
    commands::buildpacks::change,
    context::{AppArgs, Context},
    error::Error,
};

/// Add a buildpack, at the end or at a place
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// A name (heroku/nodejs), a git URL, or the URL of a .tgz
    #[arg(value_name = "BUILDPACK")]
    buildpack: String,
    /// Place in the list, from 1
    #[arg(short, long, value_name = "NUMBER")]
    index: Option<usize>,
    #[command(flatten)]
    app: AppArgs,
}

impl Add {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let mut buildpacks = change::current(context, &app).await?;
        change::refuse_duplicate(&buildpacks, &self.buildpack, &app)?;
        let end = buildpacks.len() + 1;
        // Past the end means at the end, as with Heroku's CLI.
        let at = change::place(self.index.map_or(end, |index| index.min(end)), end)?;
        buildpacks.insert(at, self.buildpack);
        change::put(context, &app, buildpacks, "added").await
    }
}
