use chrono::Utc;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer, sizes,
    time::ago,
};

/// List the app's slugs, newest first
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// How many to show
    #[arg(short, long, value_name = "NUMBER", default_value_t = 15)]
    num: usize,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let mut slugs = context.client()?.slugs(&app).await?;
        slugs.sort_by_key(|slug| std::cmp::Reverse(slug.created_at));
        slugs.truncate(self.num);
        if self.json.json {
            return context.printer.json(&slugs);
        }
        if slugs.is_empty() {
            context.printer.note(format!("{} has no slugs: nothing was built yet.", printer::app(&app)));
            return Ok(());
        }
        context.printer.header(format!("{} Slugs", printer::app(&app)))?;
        let now = Utc::now();
        let heading = ["Releases", "Slug", "Commit", "Size", "Stack", "Buildpack", "Built"];
        context.printer.table(
            heading,
            slugs.into_iter().map(|slug| {
                [
                    super::releases(&slug),
                    slug.id.to_string(),
                    super::commit(&slug),
                    sizes::human(slug.size),
                    slug.stack.name,
                    slug.buildpack_provided_description.unwrap_or_default(),
                    ago(slug.created_at, now),
                ]
            }),
        )
    }
}
