use crate::transcript;

/// One line that git gives the hook: `OLD NEW REF`, ids in hexadecimal, all zeros where the ref is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefUpdate<'a> {
    new: &'a str,
    /// Refs are bytes; the ones that matter here are ASCII.
    name: &'a [u8],
}

/// What a push amounts to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    /// `branch` is `main` or `master`.
    Build { branch: &'static str, commit: &'a str },
    /// Stored and not built, which the pusher is told (Heroku: branches and refs).
    Store,
    /// Only deletions that do no harm.
    Nothing,
    /// With what the pusher is told.
    Refuse(String),
}

/// Pushes to these are built.
const DEPLOY_BRANCHES: [&str; 2] = ["main", "master"];

impl<'a> RefUpdate<'a> {
    /// Lines that are none are left out; git writes no such lines.
    pub(super) fn parse_all(input: &'a [u8]) -> Vec<Self> {
        input.split(|byte| *byte == b'\n').filter_map(Self::parse).collect()
    }

    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (_old, new, name) = (words.next()?, words.next()?, words.next()?);
        Some(Self { new: str::from_utf8(new).ok()?, name })
    }

    fn is_deletion(&self) -> bool {
        self.new.bytes().all(|byte| byte == b'0')
    }

    fn deploy_branch(&self) -> Option<&'static str> {
        let branch = self.name.strip_prefix(b"refs/heads/")?;
        DEPLOY_BRANCHES.into_iter().find(|name| name.as_bytes() == branch)
    }
}

/// `head`: the ref that HEAD names, which is the branch deployed last. Git moves all refs of a push or none, so that one
/// that is refused refuses them all.
pub(super) fn judge<'a>(updates: &[RefUpdate<'a>], head: &[u8]) -> Verdict<'a> {
    let deploys = updates.iter().filter_map(|update| Some((update.deploy_branch()?, update)));
    let mut build: Option<(&'static str, &'a str)> = None;
    for (branch, update) in deploys {
        match build {
            _ if update.is_deletion() && update.name == head => {
                return Verdict::Refuse(transcript::cannot_delete(branch));
            }
            _ if update.is_deletion() => {}
            Some((_, other)) if other != update.new => return Verdict::Refuse(transcript::two_deploy_branches()),
            Some(_) => {}
            None => build = Some((branch, update.new)),
        }
    }
    match build {
        Some((branch, commit)) => Verdict::Build { branch, commit },
        None if updates.iter().all(RefUpdate::is_deletion) => Verdict::Nothing,
        None => Verdict::Store,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const NONE: &str = "0000000000000000000000000000000000000000";

    fn judged(updates: &[(&str, &str)]) -> String {
        let lines: String = updates.iter().map(|(new, name)| format!("{A} {new} {name}\n")).collect();
        match judge(&RefUpdate::parse_all(lines.as_bytes()), b"refs/heads/main") {
            Verdict::Build { branch, commit } => format!("build {branch} {}", &commit[..1]),
            Verdict::Store => "store".to_owned(),
            Verdict::Nothing => "nothing".to_owned(),
            Verdict::Refuse(text) => text.trim().to_owned(),
        }
    }

    #[test]
    fn main_and_master_are_built_and_nothing_else() {
        assert_eq!(judged(&[(B, "refs/heads/main")]), "build main b");
        assert_eq!(judged(&[(B, "refs/heads/master")]), "build master b");
        for other in ["refs/heads/mains", "refs/head/main", "refs/tags/main", "refs/heads/x/main", "refs/heads/ma in"] {
            assert_eq!(judged(&[(B, other)]), "store", "{other}");
        }
        assert_eq!(judged(&[(A, "refs/heads/x"), (B, "refs/heads/main"), (A, "refs/tags/v1")]), "build main b");
    }

    #[test]
    fn main_and_master_together_must_agree() {
        assert_eq!(judged(&[(B, "refs/heads/main"), (B, "refs/heads/master")]), "build main b");
        let refused = judged(&[(A, "refs/heads/main"), (B, "refs/heads/master")]);
        assert!(refused.contains("push either main or master"), "{refused}");
    }

    #[test]
    fn only_the_deployed_branch_cannot_be_deleted() {
        assert_eq!(judged(&[(NONE, "refs/heads/main")]), "!\tPush rejected, cannot delete main branch");
        assert_eq!(judged(&[(NONE, "refs/heads/master")]), "nothing");
        assert_eq!(judged(&[(NONE, "refs/heads/x")]), "nothing");
        assert_eq!(judged(&[(NONE, "refs/heads/x"), (A, "refs/heads/y")]), "store");
        assert_eq!(judged(&[(NONE, "refs/heads/master"), (B, "refs/heads/main")]), "build main b");
    }
}
