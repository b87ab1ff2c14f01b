use std::{
    fs, io,
    os::unix::{fs::PermissionsExt, net::UnixListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::StreamExt;
use tokio::{
    net::{UnixListener as Listener, UnixStream, unix::OwnedReadHalf},
    sync::mpsc,
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    GitError, SourceStream,
    deploy::{Deploy, Screen},
    endpoint::private_directory,
    frame::{Announcement, Frame},
    pushes::Pushes,
};

/// Answers the pre-receive hooks of this process's pushes, over a socket that only this account can open.
#[derive(Debug)]
pub struct Hooks {
    listener: UnixListener,
    path: PathBuf,
    pushes: Pushes,
    help: Arc<str>,
}

/// After a failure to accept, which is a lack of file descriptors or memory.
const PAUSE: Duration = Duration::from_millis(200);

impl Hooks {
    pub(crate) fn bind(path: PathBuf, pushes: Pushes, help: String) -> Result<Self, GitError> {
        let bind = || {
            if let Some(directory) = path.parent() {
                private_directory(directory)?;
            }
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&path)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        match bind() {
            Ok(listener) => Ok(Self { listener, path, pushes, help: help.into() }),
            Err(source) => Err(GitError::HookSocket { path, source }),
        }
    }

    /// Serves hooks until `stop`. Those that are under way then lose their connection, tell their pushers so, and end;
    /// builds that they wait for go on without them.
    ///
    /// # Errors
    /// [`GitError::HookSocket`] when there is no runtime to serve on.
    pub async fn serve(self, stop: CancellationToken) -> Result<(), GitError> {
        let Self { listener, path, pushes, help } = self;
        let listener = Listener::from_std(listener).map_err(|source| GitError::HookSocket { path, source })?;
        let tasks = TaskTracker::new();
        while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((hook, _)) => {
                    let (pushes, help, stop) = (pushes.clone(), help.clone(), stop.clone());
                    tasks.spawn(async move {
                        if let Some(Err(error)) = stop.run_until_cancelled(answer(hook, &pushes, &help)).await {
                            tracing::debug!(%error, "a hook went away");
                        }
                    });
                }
                Err(error) => {
                    tracing::error!(%error, "a hook's connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        tasks.close();
        tasks.wait().await;
        Ok(())
    }
}

async fn answer(hook: UnixStream, pushes: &Pushes, help: &str) -> io::Result<()> {
    let (mut reader, writer) = hook.into_split();
    let mut screen = Screen::new(writer);
    let announced = Announcement::from_frame(&Frame::receive(&mut reader).await?)?;
    let Some(push) = pushes.find(&announced.secret) else {
        tracing::warn!("a hook came with a secret of no push under way");
        return screen.end(false).await;
    };
    let source = source(reader);
    let deploy = Deploy { target: &*push.target, commit: &announced.commit, since: push.since, help };
    let accepted = deploy.run(source, &mut screen).await?;
    if accepted {
        // Two branches of one push have the same commit, so that the first says it all.
        let _ = push.deployed.set(format!("refs/heads/{}", announced.commit.branch));
    }
    screen.end(accepted).await
}

/// The tarball out of the hook's frames. They are read to their end even when nobody wants them any more: the hook writes
/// first and listens then.
fn source(mut reader: OwnedReadHalf) -> SourceStream {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(4);
    tokio::spawn(async move {
        loop {
            let piece = match Frame::receive(&mut reader).await {
                Ok(Frame::Source(piece)) => Ok(piece),
                Ok(Frame::SourceEnd) => return,
                Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "a hook sent something else than its source")),
                Err(error) => Err(error),
            };
            let broken = piece.is_err();
            // Nobody may want it.
            let _ = sender.send(piece).await;
            if broken {
                return;
            }
        }
    });
    ReceiverStream::new(receiver).boxed()
}
