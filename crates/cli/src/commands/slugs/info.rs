use chrono::Utc;
use paas_platform::{SlugFile, SlugFileKind};
use serde_json::json;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    sizes::{counted, human},
    time::ago,
};

/// Folders that are shown.
const FOLDERS: usize = 20;

/// Show a slug: process types, and how much is in which folder
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    /// A release with it, as v12, or the slug's id; the current release's if it is not given
    #[arg(value_name = "SLUG")]
    slug: Option<String>,
    /// List its files instead
    #[arg(short, long)]
    files: bool,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Info {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let slug = match &self.slug {
            Some(slug) => super::checked(slug)?.to_owned(),
            None => {
                let releases = client.releases(&app, 100).await?;
                let current = releases.iter().find(|release| release.current && release.slug.is_some());
                let none = || Error::mistake("Nothing was deployed yet.", "push some code");
                format!("v{}", current.ok_or_else(none)?.version)
            }
        };
        if self.files {
            let files = client.slug_files(&app, &slug).await?;
            if self.json.json {
                return context.printer.json(&files);
            }
            return context.printer.rows(files.iter().map(row));
        }
        let contents = client.slug_contents(&app, &slug).await?;
        if self.json.json {
            return context.printer.json(&json!(contents));
        }
        let slug = &contents.slug;
        let size =
            format!("{}, unpacked {} in {}", human(slug.size), human(contents.bytes), counted(contents.files, "file"));
        let mut fields = vec![
            ("Buildpack", slug.buildpack_provided_description.clone().unwrap_or_default()),
            ("Built", ago(slug.created_at, Utc::now())),
            ("Checksum", slug.checksum.clone()),
            ("Commit", slug.commit.clone().unwrap_or_default()),
            ("Releases", super::releases(slug)),
            ("Size", size),
            ("Stack", slug.stack.name.clone()),
        ];
        fields.retain(|(_, value)| !value.is_empty());
        context.printer.header(format!("Slug {}", slug.id))?;
        context.printer.object(&fields)?;
        context.printer.line("")?;
        context.printer.header("Process types")?;
        context.printer.object(&slug.process_types.iter().collect::<Vec<_>>())?;
        if contents.folders.is_empty() {
            return Ok(());
        }
        context.printer.line("")?;
        context.printer.header("Folders, unpacked")?;
        context.printer.rows(contents.folders.iter().take(FOLDERS).map(|folder| {
            // Those in a folder stand a little to the right of it.
            let indent = if folder.path.contains('/') { "  " } else { "" };
            [human(folder.bytes), format!("{indent}{}", shown(&folder.path)), counted(folder.files, "file")]
        }))?;
        if contents.folders.len() > FOLDERS {
            let more = contents.folders.len() - FOLDERS;
            context.printer.note(format!("{} more: --json lists all of them.", counted(more as u64, "folder")));
        }
        Ok(())
    }
}

/// `-644  1.2K  lib/x -> target`, as `ls` would have it.
fn row(file: &SlugFile) -> [String; 3] {
    let kind = match file.facts.kind {
        SlugFileKind::File => '-',
        SlugFileKind::Symlink => 'l',
        SlugFileKind::Link => 'h',
    };
    let target = file.facts.target.as_ref().map(|target| format!(" -> {}", shown(target))).unwrap_or_default();
    [format!("{kind}{:0>3}", file.facts.mode), human(file.facts.size), format!("{}{target}", shown(&file.path))]
}

/// A name as a terminal can be trusted with it.
pub(super) fn shown(path: &str) -> String {
    path.chars()
        .flat_map(|letter| if letter.is_control() { letter.escape_default().collect() } else { vec![letter] })
        .collect()
}
