use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use git2::{Repository, RepositoryInitOptions};
use paas_model::AppId;
use tokio::task::spawn_blocking;

/// The bare repositories of this machine's apps. Named by app id, so that an app made under a deleted one's name does
/// not get its code, and renaming an app moves nothing.
#[derive(Debug, Clone)]
pub(crate) struct Repositories {
    root: PathBuf,
}

impl Repositories {
    /// Makes the root, for this account alone.
    pub(crate) fn open(root: PathBuf) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&root)?;
        Ok(Self { root })
    }

    /// The app's repository, made if it is missing. Calls side by side get the same one.
    pub(crate) async fn ensure(&self, app: AppId) -> io::Result<PathBuf> {
        let path = self.root.join(format!("{app}.git"));
        if tokio::fs::try_exists(path.join("HEAD")).await? {
            return Ok(path);
        }
        blocking(move || create(&path).map(|()| path)).await
    }
}

/// Makes `branch` (`refs/heads/main`) what a clone checks out, if it exists.
pub(crate) async fn set_head(repository: PathBuf, branch: String) -> io::Result<()> {
    blocking(move || {
        let repository = Repository::open_bare(repository).map_err(io::Error::other)?;
        if repository.find_reference(&branch).is_ok() {
            repository.set_head(&branch).map_err(io::Error::other)?;
        }
        Ok(())
    })
    .await
}

/// Bytes of all its files.
pub(crate) async fn size(repository: PathBuf) -> io::Result<u64> {
    blocking(move || Ok(size_of(&repository))).await
}

/// Made aside and put in place in one step, so that nobody finds half of it.
fn create(path: &Path) -> io::Result<()> {
    let aside = path.with_extension(format!("{:016x}.new", rand::random::<u64>()));
    let mut options = RepositoryInitOptions::new();
    options.bare(true).external_template(false).initial_head("main");
    Repository::init_opts(&aside, &options).map_err(io::Error::other)?;
    match fs::rename(&aside, path) {
        // Another request was quicker.
        Err(_) if path.join("HEAD").exists() => fs::remove_dir_all(&aside),
        done => done,
    }
}

/// What vanishes while this looks, as git's temporary files do, counts for nothing.
fn size_of(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_of(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_repository_is_made_once_however_many_ask() {
        let directory = tempfile::tempdir().unwrap();
        let repositories = Repositories::open(directory.path().join("repos")).unwrap();
        let app: AppId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
        let askers = (0..16).map(|_| {
            let repositories = repositories.clone();
            tokio::spawn(async move { repositories.ensure(app).await.unwrap() })
        });
        let paths = futures::future::join_all(askers).await;
        let path = paths[0].as_ref().unwrap();
        assert!(paths.iter().all(|other| other.as_ref().unwrap() == path));
        assert_eq!(fs::read_to_string(path.join("HEAD")).unwrap(), "ref: refs/heads/main\n");
        assert_eq!(fs::read_dir(directory.path().join("repos")).unwrap().count(), 1, "nothing is left aside");
        assert!(size(path.clone()).await.unwrap() > 20);
    }

    #[tokio::test]
    async fn head_follows_branches_that_exist() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.git");
        create(&path).unwrap();
        set_head(path.clone(), "refs/heads/master".to_owned()).await.unwrap();
        assert_eq!(fs::read_to_string(path.join("HEAD")).unwrap(), "ref: refs/heads/main\n");
    }
}
