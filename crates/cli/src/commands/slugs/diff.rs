use paas_platform::{SlugChange, SlugDiff, SlugFileChange, SlugFileFacts, SlugFileKind};

use super::info::shown;
use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
    sizes::{counted, human},
};

/// Show which files were added, removed and changed between two slugs
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The older one: a release with it, as v12, or the slug's id
    #[arg(value_name = "FROM")]
    from: String,
    /// The newer one
    #[arg(value_name = "TO")]
    to: String,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Diff {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let (from, to) = (super::checked(&self.from)?, super::checked(&self.to)?);
        let app = context.app(&self.app)?;
        let diff = context.client()?.slug_diff(&app, from, to).await?;
        if self.json.json {
            return context.printer.json(&diff);
        }
        context.printer.header(format!("{} {from} to {to}", printer::app(&app)))?;
        if !diff.files.is_empty() {
            context.printer.rows(diff.files.iter().map(row))?;
            context.printer.line("")?;
        }
        context.printer.line(summary(&diff))
    }
}

fn row(file: &SlugFileChange) -> [String; 3] {
    let size = |facts: &Option<SlugFileFacts>| facts.as_ref().map(|facts| human(facts.size)).unwrap_or_default();
    let (mark, what) = match file.change {
        SlugChange::Added => ("added", size(&file.to)),
        SlugChange::Removed => ("removed", size(&file.from)),
        SlugChange::Changed => ("changed", changed(file)),
    };
    [mark.to_owned(), shown(&file.path), what]
}

/// What is not as it was: `1.2K -> 1.4K`, `mode 644 -> 755`.
fn changed(file: &SlugFileChange) -> String {
    let (Some(from), Some(to)) = (&file.from, &file.to) else { return String::new() };
    let mut what = Vec::new();
    let said = |old: String, new: String| if old == new { old } else { format!("{old} -> {new}") };
    if from.kind != to.kind {
        what.push(format!("{} -> {}", kind(from.kind), kind(to.kind)));
    }
    if to.kind == SlugFileKind::File || from.size != to.size {
        what.push(said(human(from.size), human(to.size)));
    }
    if from.mode != to.mode {
        what.push(format!("mode {} -> {}", from.mode, to.mode));
    }
    if let (Some(old), Some(new)) = (&from.target, &to.target) {
        what.push(said(shown(old), shown(new)));
    }
    what.join(", ")
}

fn kind(kind: SlugFileKind) -> &'static str {
    match kind {
        SlugFileKind::File => "file",
        SlugFileKind::Link => "link",
        SlugFileKind::Symlink => "symbolic link",
    }
}

fn summary(diff: &SlugDiff) -> String {
    let count = |change| diff.files.iter().filter(|file| file.change == change).count() as u64;
    let size = match diff.to_bytes.cmp(&diff.from_bytes) {
        std::cmp::Ordering::Equal => "the same size unpacked".to_owned(),
        std::cmp::Ordering::Greater => format!("{} larger unpacked", human(diff.to_bytes - diff.from_bytes)),
        std::cmp::Ordering::Less => format!("{} smaller unpacked", human(diff.from_bytes - diff.to_bytes)),
    };
    if diff.files.is_empty() {
        return format!("No file differs: {} are the same.", counted(diff.unchanged, "file"));
    }
    format!(
        "{} added, {} removed, {} changed, {} unchanged; {size}.",
        counted(count(SlugChange::Added), "file"),
        count(SlugChange::Removed),
        count(SlugChange::Changed),
        diff.unchanged
    )
}
