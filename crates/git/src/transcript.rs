//! What a pusher reads besides the build's own output, to the byte (Heroku: push transcripts). `!` and a TAB begin what
//! the git endpoint itself complains about; a space, `!` and five spaces what a build does.

use paas_model::AppName;

use crate::Refusal;

pub(crate) const SKIPPED: &str = "Pushed to branch other than [main, master], skipping build.\n";
pub(crate) const COMPRESSING: &str = "Compressing source files...";
pub(crate) const DONE: &str = " done.\n";
pub(crate) const BUILDING: &str = "Building source:\n\n";
/// Builds of one app run one after the other.
pub(crate) const WAITING: &str = "-----> Waiting for the build before this one to end\n";
pub(crate) const VERIFIED: &str = "Verifying deploy... done.\n";
pub(crate) const RUNNING_RELEASE_COMMAND: &str = "Running release command...\n\n";
pub(crate) const RELEASED: &str = "Waiting for release.... done.\n";
/// The push succeeds all the same: its build did, and the release that failed keeps its number (Heroku: release phase).
pub(crate) const RELEASE_FAILED: &str = "Waiting for release.... failed.\n";

/// How many files the commit has, and the short id of its tree. Heroku's line is what `git checkout TREE .` prints into
/// an empty directory.
pub(crate) fn updated(files: usize, tree: &str) -> String {
    let paths = if files == 1 { "path" } else { "paths" };
    format!("Updated {files} {paths} from {tree}\n")
}

/// After a failed build.
pub(crate) fn push_rejected(app: &str) -> String {
    format!("Verifying deploy...\n\n{}", rejected(app))
}

/// After anything else that ends a push.
pub(crate) fn rejected(app: &str) -> String {
    format!("!\tPush rejected to {app}.\n\n")
}

pub(crate) fn cannot_delete(branch: &str) -> String {
    format!("\n!\tPush rejected, cannot delete {branch} branch\n\n")
}

/// `main` and `master` in one push, with different commits.
pub(crate) fn two_deploy_branches() -> String {
    "\n!\tPush rejected, push either main or master: one of them is deployed\n\n".to_owned()
}

/// An annotated tag, say.
pub(crate) fn not_a_commit(branch: &str) -> String {
    format!("\n!\tPush rejected, {branch} must be a commit; for a tag, push TAG^{{}}:{branch}\n\n")
}

/// The build did not get as far as printing anything.
pub(crate) fn build_not_started(refusal: &Refusal) -> String {
    format!(" !     The build could not be started: {refusal}\n\n")
}

/// The build goes on, but nobody here can say how it ends.
pub(crate) fn lost_sight(refusal: &Refusal, app: &AppName) -> String {
    format!(
        " !     The build goes on, but its output cannot be read: {refusal}\n \
         !     `paas releases -a {app}` shows whether it was released. The branch was not moved; push again.\n\n"
    )
}

/// As [`lost_sight`], of the release command; the branch moves.
pub(crate) fn lost_sight_of_release(refusal: &Refusal, app: &AppName) -> String {
    format!(
        " !     The release command goes on, but its output cannot be read: {refusal}\n \
         !     `paas releases -a {app}` shows how it ended.\n"
    )
}

/// The hook's connection broke.
pub(crate) fn server_gone(app: &str) -> String {
    format!(
        "\n !     The server went away. A build that was under way goes on when it is back:\n \
         !     `paas releases -a {app}` shows whether it was released. The branch was not moved; push again.\n\n"
    )
}

/// `paths`: the first of them, `more`: how many there are besides.
pub(crate) fn submodules(paths: &[String], more: usize) -> String {
    let mut text = "\n !     Submodules are not supported yet, and this commit has:\n".to_owned();
    for path in paths {
        text.push_str(&format!(" !       {path}\n"));
    }
    if more > 0 {
        text.push_str(&format!(" !       and {more} more\n"));
    }
    text.push_str(" !     Add their files to the repository itself, or depend on them as packages.\n\n");
    text
}

pub(crate) fn source_too_large(megabytes: u64) -> String {
    format!("\n !     Push rejected, the source is larger than {megabytes} MB.\n\n")
}

pub(crate) fn too_many_files(most: usize) -> String {
    format!("\n !     Push rejected, the commit has more than {most} files.\n\n")
}

/// `what` names a path that no file can have.
pub(crate) fn bad_path(what: &str) -> String {
    format!("\n !     Push rejected, the commit has a file that cannot be checked out: {what}\n\n")
}

pub(crate) fn unreadable(reason: &str) -> String {
    format!("\n !     Push rejected, the commit cannot be read: {reason}\n\n")
}

/// After a failed build of a commit that was built before (Heroku: duplicate-version warning).
pub(crate) fn built_before(commit: &str, help: &str) -> String {
    format!(
        " !
 ! ## Warning - The same version of this code has already been built: {commit}
 !
 ! We have detected that you have triggered a build from source code with version {commit}
 ! at least twice. One common cause of this behavior is attempting to deploy code from a different branch.
 !
 ! If you are developing on a branch and deploying via git you must run:
 !
 !     git push paas <branchname>:main
 !
 ! This article goes into details on the behavior:
 !   {help}#duplicate-build-version

"
    )
}
