use git2::{ObjectType, Oid, Repository, Tree, TreeEntry};

use crate::transcript;

/// What a pushed commit is made of. Everything in it is a stranger's: any bytes in names, any depth, any number.
#[derive(Debug)]
pub(super) struct Commit {
    pub id: Oid,
    /// First line of the message, shortened.
    pub summary: String,
    /// Seconds since 1970, and 0 for what was before.
    pub time: u64,
    /// Short id of its tree.
    pub tree: String,
    /// In git's order: by name, a directory's files where the directory stands.
    pub files: Vec<File>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    /// Relative, with `/` between names; not necessarily UTF-8.
    pub path: Vec<u8>,
    pub blob: Oid,
    pub kind: FileKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Plain,
    Executable,
    /// The blob is where it points to.
    Symlink,
}

/// A few kilobytes of trees can stand for any number of files ("git bomb").
const MAX_FILES: usize = 200_000;
const MAX_PATH: usize = 4_096;
const MAX_SUMMARY: usize = 200;
/// Submodules that are named.
const NAMED: usize = 10;

impl Commit {
    /// # Errors
    /// What the pusher is told: it is no commit, or has something in it that cannot be built.
    pub(super) fn read(repository: &Repository, branch: &str, id: &str) -> Result<Self, String> {
        let unreadable = |error: git2::Error| transcript::unreadable(error.message());
        let id = Oid::from_str(id).map_err(unreadable)?;
        let object = repository.find_object(id, None).map_err(unreadable)?;
        let commit = object.into_commit().map_err(|_| transcript::not_a_commit(branch))?;
        let tree = commit.tree().map_err(unreadable)?;
        let short = tree.as_object().short_id().map_err(unreadable)?;
        let summary = String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default());
        Ok(Self {
            id,
            summary: summary.chars().take(MAX_SUMMARY).collect(),
            time: u64::try_from(commit.time().seconds()).unwrap_or_default(),
            tree: String::from_utf8_lossy(&short).into_owned(),
            files: files(repository, &tree)?,
        })
    }
}

fn files(repository: &Repository, root: &Tree<'_>) -> Result<Vec<File>, String> {
    let (mut files, mut submodules) = (Vec::new(), Vec::new());
    let mut todo = Vec::new();
    push(&mut todo, b"", root)?;
    while let Some(Item { path, id, mode }) = todo.pop() {
        let kind = match mode {
            0o040_000 => {
                let tree = repository.find_tree(id).map_err(|error| transcript::unreadable(error.message()))?;
                push(&mut todo, &path, &tree)?;
                continue;
            }
            0o160_000 => {
                submodules.push(String::from_utf8_lossy(&path).into_owned());
                continue;
            }
            0o120_000 => FileKind::Symlink,
            mode if mode & 0o100 != 0 => FileKind::Executable,
            _ => FileKind::Plain,
        };
        files.push(File { path, blob: id, kind });
        if files.len() > MAX_FILES {
            return Err(transcript::too_many_files(MAX_FILES));
        }
    }
    if submodules.is_empty() {
        return Ok(files);
    }
    let more = submodules.len().saturating_sub(NAMED);
    submodules.truncate(NAMED);
    Err(transcript::submodules(&submodules, more))
}

/// Something to look at.
struct Item {
    path: Vec<u8>,
    id: Oid,
    mode: i32,
}

/// Puts a directory's entries on the stack, the first on top.
fn push(todo: &mut Vec<Item>, directory: &[u8], tree: &Tree<'_>) -> Result<(), String> {
    if todo.len() + tree.len() > MAX_FILES {
        return Err(transcript::too_many_files(MAX_FILES));
    }
    for entry in tree.iter().rev() {
        todo.push(item(directory, &entry)?);
    }
    Ok(())
}

fn item(directory: &[u8], entry: &TreeEntry<'_>) -> Result<Item, String> {
    let name = entry.name_bytes();
    let path = match directory {
        [] => name.to_owned(),
        directory => [directory, b"/", name].concat(),
    };
    let refused =
        || transcript::bad_path(&String::from_utf8_lossy(&path[..path.len().min(200)]).escape_debug().to_string());
    // Git's own checks refuse these too, but what they let through changes with their settings.
    if matches!(name, b"" | b"." | b"..") || name.eq_ignore_ascii_case(b".git") || name.contains(&b'/') {
        return Err(refused());
    }
    if path.len() > MAX_PATH {
        return Err(refused());
    }
    let mode = match entry.kind() {
        Some(ObjectType::Tree) => 0o040_000,
        Some(ObjectType::Commit) => 0o160_000,
        _ => entry.filemode(),
    };
    Ok(Item { path, id: entry.id(), mode })
}

#[cfg(test)]
mod tests {
    use git2::Signature;

    use super::*;

    /// A repository that holds one commit of a tree made from raw bytes, as only a hostile client makes them.
    fn read(tree: impl Fn(&Repository) -> Oid) -> Result<Commit, String> {
        let directory = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(directory.path()).unwrap();
        let tree = repository.find_tree(tree(&repository)).unwrap();
        let nobody = Signature::new("nobody", "nobody@example.com", &git2::Time::new(1_767_323_045, 0)).unwrap();
        let id = repository.commit(None, &nobody, &nobody, "Say it\n\nat length", &tree, &[]).unwrap();
        Commit::read(&repository, "main", &id.to_string())
    }

    fn raw_tree(repository: &Repository, entries: &[(&str, &[u8], Oid)]) -> Oid {
        let bytes: Vec<u8> = entries
            .iter()
            .flat_map(|(mode, name, id)| [mode.as_bytes(), b" ", name, b"\0", id.as_bytes()].concat())
            .collect();
        repository.odb().unwrap().write(ObjectType::Tree, &bytes).unwrap()
    }

    fn blob(repository: &Repository) -> Oid {
        repository.blob(b"content").unwrap()
    }

    #[test]
    fn files_come_in_gits_order_with_their_kinds() {
        let commit = read(|repository| {
            let blob = blob(repository);
            let inner = raw_tree(repository, &[("100755", b"run", blob), ("120000", b"link", blob)]);
            raw_tree(repository, &[("100644", b"a.txt", blob), ("40000", b"a\xff", inner), ("100664", b"z", blob)])
        })
        .unwrap();
        let found: Vec<_> = commit.files.iter().map(|file| (file.path.as_slice(), file.kind)).collect();
        assert_eq!(
            found,
            [
                (&b"a.txt"[..], FileKind::Plain),
                (b"a\xff/run", FileKind::Executable),
                (b"a\xff/link", FileKind::Symlink),
                (b"z", FileKind::Plain),
            ]
        );
        assert_eq!((commit.summary.as_str(), commit.time, commit.tree.len()), ("Say it", 1_767_323_045, 7));
    }

    #[test]
    fn a_name_that_leads_out_of_the_tree_is_refused() {
        for name in [&b".."[..], b".", b".git", b".GIT", b"a/b", &[b'x'; 5_000]] {
            let refused = read(|repository| raw_tree(repository, &[("100644", name, blob(repository))]));
            assert!(refused.unwrap_err().contains("cannot be checked out"), "{name:?}");
        }
    }

    #[test]
    fn a_bomb_of_trees_is_refused_before_it_goes_off() {
        let refused = read(|repository| {
            let mut tree = raw_tree(repository, &[("100644", b"f", blob(repository))]);
            for _ in 0..9 {
                let names: Vec<String> = (0..10).map(|n| n.to_string()).collect();
                let entries: Vec<_> = names.iter().map(|name| ("40000", name.as_bytes(), tree)).collect();
                tree = raw_tree(repository, &entries);
            }
            tree
        });
        assert!(refused.unwrap_err().contains("more than 200000 files"));
    }

    #[test]
    fn submodules_are_named() {
        let refused = read(|repository| {
            let names: Vec<String> = (10..22).map(|n| format!("lib{n}")).collect();
            let elsewhere = blob(repository);
            let entries: Vec<_> = names.iter().map(|name| ("160000", name.as_bytes(), elsewhere)).collect();
            raw_tree(repository, &entries)
        });
        let text = refused.unwrap_err();
        assert!(text.contains(" !       lib19\n !       and 2 more\n"), "{text}");
    }

    #[test]
    fn a_tag_is_no_commit() {
        let directory = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(directory.path()).unwrap();
        let blob = blob(&repository).to_string();
        let refused = Commit::read(&repository, "main", &blob).unwrap_err();
        assert!(refused.contains("main must be a commit"), "{refused}");
        assert!(Commit::read(&repository, "main", &"1".repeat(40)).unwrap_err().contains("cannot be read"));
    }
}
