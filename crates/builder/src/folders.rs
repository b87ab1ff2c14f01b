use std::collections::BTreeMap;

use crate::transcript::human_size;

/// How many files a slug has, and how many bytes, by folder and by folder in a folder. What it remembers is bounded, however
/// many folders there are: those that come when there is no more room count only for what they lie in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Folders {
    all: Sum,
    /// By path below the app.
    sums: BTreeMap<Vec<u8>, Sum>,
    /// How many of them are at the top: those in one must not leave the next without a place.
    top: usize,
}

/// Files in a folder of a slug, and in all folders below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderSize {
    /// `node_modules`, `node_modules/next`. What is no text in it is replaced.
    pub path: String,
    /// All that is no directory.
    pub files: u64,
    /// Unpacked.
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    files: u64,
    bytes: u64,
}

/// Folders at the top that are remembered, and of those in them; and bytes of a name: 2 MB in all.
const MAX_FOLDERS: usize = 1_000;
const MAX_NAME: usize = 1_000;

/// Lines that a push shows of them, and lines of those for one folder's own.
const LINES: usize = 8;
const LINES_BELOW: usize = 3;

impl Folders {
    /// Counts a file: its path below the app, and its bytes.
    pub(crate) fn count(&mut self, path: &[u8], bytes: u64) {
        self.all.add(Sum { files: 1, bytes });
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/').take(2) {
            self.add_to(&path[..at], Sum { files: 1, bytes });
        }
    }

    /// One folder, of which nothing else is known.
    pub(crate) fn of(path: &str, files: u64, bytes: u64) -> Self {
        let (mut folders, sum) = (Self::default(), Sum { files, bytes });
        folders.all.add(sum);
        folders.add_to(path.as_bytes(), sum);
        folders
    }

    fn add_to(&mut self, folder: &[u8], more: Sum) {
        if let Some(sum) = self.sums.get_mut(folder) {
            sum.add(more);
            return;
        }
        let is_top = !folder.contains(&b'/');
        let of_its_kind = if is_top { self.top } else { self.sums.len() - self.top };
        if of_its_kind < MAX_FOLDERS && folder.len() <= MAX_NAME {
            self.sums.insert(folder.to_vec(), more);
            self.top += usize::from(is_top);
        }
    }

    /// Those of another part of the slug besides.
    pub(crate) fn add(&mut self, other: Self) {
        self.all.add(other.all);
        for (path, sum) in other.sums {
            self.add_to(&path, sum);
        }
    }

    /// All files of the slug, and their bytes.
    pub(crate) fn total(&self) -> (u64, u64) {
        (self.all.files, self.all.bytes)
    }

    /// The largest first, each followed by those in it, of which again the largest comes first.
    pub(crate) fn by_size(&self) -> Vec<FolderSize> {
        let (below, mut top): (Vec<_>, Vec<_>) = self.sums.iter().partition(|(path, _)| path.contains(&b'/'));
        top.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.bytes));
        let mut listed = Vec::new();
        for (path, sum) in top {
            listed.push(size_of(path, *sum));
            let parent = [&path[..], b"/"].concat();
            let mut inside: Vec<_> = below.iter().filter(|(path, _)| path.starts_with(&parent)).collect();
            inside.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.bytes));
            listed.extend(inside.into_iter().map(|(path, sum)| size_of(path, **sum)));
        }
        listed
    }

    /// What a push says of a slug that is too large: its largest folders, with the largest in each.
    pub(crate) fn describe_largest(&self) -> Vec<String> {
        let (mut lines, mut below) = (Vec::new(), 0);
        for folder in self.by_size() {
            below = if folder.path.contains('/') { below + 1 } else { 0 };
            // Of those in a folder, what makes up a tenth of all.
            let is_worth_it = below == 0 || below <= LINES_BELOW && folder.bytes >= self.all.bytes / 10;
            if is_worth_it && lines.len() < LINES {
                let files = if folder.files == 1 { "1 file".to_owned() } else { format!("{} files", folder.files) };
                let path = folder.path.escape_debug();
                lines.push(format!(" !       {:>7}  {path} ({files})", human_size(folder.bytes)));
            }
        }
        if !lines.is_empty() {
            lines.insert(0, format!(" !     Unpacked it has {}. Its largest folders:", human_size(self.all.bytes)));
        }
        lines
    }
}

impl Sum {
    fn add(&mut self, more: Self) {
        self.files += more.files;
        self.bytes = self.bytes.saturating_add(more.bytes);
    }
}

fn size_of(path: &[u8], sum: Sum) -> FolderSize {
    FolderSize { path: String::from_utf8_lossy(path).into_owned(), files: sum.files, bytes: sum.bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(files: &[(&str, u64)]) -> Folders {
        let mut folders = Folders::default();
        files.iter().for_each(|(path, bytes)| folders.count(path.as_bytes(), *bytes));
        folders
    }

    #[test]
    fn a_file_counts_for_the_two_folders_that_it_lies_in() {
        let folders = counted(&[("Procfile", 9), ("lib/a/x", 1), ("lib/a/b/c/y", 2), ("lib/z", 4), ("big/x", 100)]);
        let listed: Vec<_> =
            folders.by_size().into_iter().map(|folder| (folder.path, folder.files, folder.bytes)).collect();
        let expected = [("big", 1, 100), ("lib", 3, 7), ("lib/a", 2, 3)];
        assert_eq!(listed, expected.map(|(path, files, bytes)| (path.to_owned(), files, bytes)));
        assert_eq!(folders.total(), (5, 116));
    }

    #[test]
    fn a_push_names_the_largest_and_no_more() {
        let mut files = vec![("node_modules/next/dist/x".to_owned(), 600 << 20), ("node_modules/a/x".to_owned(), 1)];
        files.extend((0..20).map(|number| (format!("folder-{number}/x"), (20 - number) << 20)));
        let files: Vec<_> = files.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
        let lines = counted(&files).describe_largest();
        assert_eq!(lines[0], " !     Unpacked it has 810M. Its largest folders:");
        assert_eq!(lines[1], " !          600M  node_modules (2 files)");
        assert_eq!(lines[2], " !          600M  node_modules/next (1 file)");
        assert_eq!(lines[3], " !           20M  folder-0 (1 file)");
        assert_eq!(lines.len(), 1 + LINES);
        assert_eq!(counted(&[("only", 1)]).describe_largest(), Vec::<String>::new());
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let mut folders = Folders::default();
        for number in 0..10 * MAX_FOLDERS {
            folders.count(format!("lib/{number}/x").as_bytes(), 1);
        }
        folders.count(&[&[b'n'; 2 * MAX_NAME], &b"/x"[..]].concat(), 1);
        folders.count(b"last/x", 1);
        assert_eq!(folders.sums.len(), 2 + MAX_FOLDERS);
        assert_eq!(folders.total(), (10 * MAX_FOLDERS as u64 + 2, 10 * MAX_FOLDERS as u64 + 2));
        let lib = folders.by_size().remove(0);
        assert_eq!((lib.path.as_str(), lib.files), ("lib", 10 * MAX_FOLDERS as u64));
    }
}
