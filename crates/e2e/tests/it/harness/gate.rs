//! The way to the container engine, which a test can shut: for the platform the engine is down, for everyone else it is not.

use std::{
    fs,
    io::copy,
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

const ENGINE: &str = "/var/run/docker.sock";

/// A socket that leads to the engine while it is open.
#[derive(Debug)]
pub(crate) struct Gate {
    path: PathBuf,
    /// Both ends of every connection; `None` while the gate is shut.
    passing: Arc<Mutex<Option<Vec<UnixStream>>>>,
}

impl Gate {
    /// An open one.
    pub(crate) fn new(directory: &Path) -> Self {
        let path = directory.join("engine.sock");
        drop(fs::remove_file(&path));
        let listener = UnixListener::bind(&path).expect("the directory is ours");
        let passing = Arc::new(Mutex::new(Some(Vec::new())));
        let shared = passing.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut passing = shared.lock().unwrap_or_else(PoisonError::into_inner);
                // A client that finds it shut is hung up on.
                if let Some(passing) = passing.as_mut() {
                    pass(&client, passing);
                }
            }
        });
        Self { path, passing }
    }

    /// For `DOCKER_HOST`.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// Cuts every connection, and refuses new ones until [`Gate::open`].
    pub(crate) fn shut(&self) {
        let passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner).take();
        for stream in passing.into_iter().flatten() {
            // Most have ended long ago.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    pub(crate) fn open(&self) {
        self.passing.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
    }
}

fn pass(client: &UnixStream, passing: &mut Vec<UnixStream>) {
    let engine = UnixStream::connect(ENGINE).expect("the engine runs");
    for (from, to) in [(client, &engine), (&engine, client)] {
        let (mut from, mut to) = (clone(from), clone(to));
        passing.push(clone(&from));
        thread::spawn(move || {
            // Either side may go away at any time; then the other's half ends too, as it would without us.
            drop(copy(&mut from, &mut to));
            drop(to.shutdown(Shutdown::Write));
        });
    }
}

fn clone(stream: &UnixStream) -> UnixStream {
    stream.try_clone().expect("file descriptors are left")
}
