use paas_control::ops::slug_contents::{FileChange, FileFacts, FileKind, FolderSize, SlugContents, SlugDiff, SlugFile};
use paas_db::slugs::UsedSlug;
use paas_platform as wire;

use super::{checksum, named};

pub(crate) fn slug_summary(used: &UsedSlug) -> wire::SlugSummary {
    let slug = &used.slug;
    wire::SlugSummary {
        buildpack_provided_description: slug.buildpack_provided_description.clone(),
        checksum: checksum(&slug.digest),
        commit: slug.commit.clone(),
        commit_description: slug.commit_description.clone(),
        created_at: slug.created_at.into(),
        id: slug.id.uuid(),
        process_types: slug.process_types.iter().map(|(kind, command)| (kind.to_string(), command.clone())).collect(),
        releases: used.versions.iter().map(|version| version.0).collect(),
        size: u64::try_from(slug.size).unwrap_or_default(),
        stack: named("stack", &slug.stack),
        updated_at: slug.updated_at.into(),
    }
}

pub(crate) fn slug_contents(slug: &UsedSlug, contents: &SlugContents) -> wire::SlugContents {
    let folder =
        |folder: &FolderSize| wire::SlugFolder { bytes: folder.bytes, files: folder.files, path: folder.path.clone() };
    wire::SlugContents {
        bytes: contents.bytes,
        files: contents.files.len() as u64,
        folders: contents.folders.iter().map(folder).collect(),
        slug: slug_summary(slug),
    }
}

pub(crate) fn slug_file(file: SlugFile) -> wire::SlugFile {
    wire::SlugFile { facts: facts(file.facts), path: file.path }
}

pub(crate) fn slug_diff(from: &UsedSlug, to: &UsedSlug, diff: SlugDiff) -> wire::SlugDiff {
    let [from_bytes, to_bytes] = diff.bytes;
    wire::SlugDiff {
        files: diff.files.into_iter().map(change).collect(),
        from: slug_summary(from),
        from_bytes,
        to: slug_summary(to),
        to_bytes,
        unchanged: diff.unchanged,
    }
}

fn change(change: FileChange) -> wire::SlugFileChange {
    wire::SlugFileChange {
        change: match (&change.from, &change.to) {
            (None, _) => wire::SlugChange::Added,
            (Some(_), None) => wire::SlugChange::Removed,
            (Some(_), Some(_)) => wire::SlugChange::Changed,
        },
        from: change.from.map(facts),
        path: change.path,
        to: change.to.map(facts),
    }
}

fn facts(facts: FileFacts) -> wire::SlugFileFacts {
    wire::SlugFileFacts {
        kind: match facts.kind {
            FileKind::File => wire::SlugFileKind::File,
            FileKind::Symlink => wire::SlugFileKind::Symlink,
            FileKind::Link => wire::SlugFileKind::Link,
        },
        mode: format!("{:o}", facts.mode),
        size: facts.size,
        target: facts.target,
    }
}
