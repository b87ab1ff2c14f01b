//! What `paasd git-hook` does: git's pre-receive hook. A process of its own, without a runtime, because git waits for its
//! start at every push. What it prints on stderr git shows the pusher as `remote: …`.

mod commit;
mod tarball;
mod updates;

use std::{
    env,
    io::{self, BufWriter, Read, Write},
    os::unix::net::UnixStream,
    process::ExitCode,
};

use bytes::Bytes;
use git2::Repository;

use self::{
    commit::Commit,
    updates::{RefUpdate, Verdict},
};
use crate::{
    PushedCommit,
    frame::{Announcement, Frame},
    transcript,
};

/// `hooks/pre-receive`. Git runs a file, and the server's binary is not made a second time for it.
pub(crate) const SCRIPT: &str = "#!/bin/sh\nexec \"$PAAS_GIT_HOOK_PROGRAM\" git-hook\n";

/// How a hook learns which push it belongs to; set by the server, passed on by git.
pub(crate) mod environment {
    /// The server's binary, for [`super::SCRIPT`].
    pub(crate) const PROGRAM: &str = "PAAS_GIT_HOOK_PROGRAM";
    /// Path of the server's socket.
    pub(crate) const SOCKET: &str = "PAAS_GIT_HOOK_SOCKET";
    /// The push's secret.
    pub(crate) const SECRET: &str = "PAAS_GIT_HOOK_SECRET";
    /// The app's name, for texts.
    pub(crate) const APP: &str = "PAAS_GIT_HOOK_APP";
}

/// Why the refs may not move.
#[derive(Debug)]
enum Rejected {
    /// The pusher is told this.
    Because(String),
    /// The server told the pusher.
    ByServer,
    ServerGone,
}

/// Runs the hook: ref updates on stdin, text on stderr, success if all of them may be made.
#[must_use]
pub fn main() -> ExitCode {
    let mut screen = io::stderr();
    let app = env::var(environment::APP).unwrap_or_default();
    let text = match run(&mut screen) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Rejected::ByServer) => return ExitCode::FAILURE,
        Err(Rejected::ServerGone) => format!("{}{}", transcript::server_gone(&app), transcript::rejected(&app)),
        Err(Rejected::Because(text)) => text,
    };
    // A pusher who is gone reads nothing.
    let _ = screen.write_all(text.as_bytes());
    ExitCode::FAILURE
}

fn run(screen: &mut impl Write) -> Result<(), Rejected> {
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input).map_err(unreadable)?;
    let updates = RefUpdate::parse_all(&input);
    let repository = Repository::open_from_env().map_err(unreadable)?;
    let head = repository.find_reference("HEAD").map_err(unreadable)?;
    match updates::judge(&updates, head.symbolic_target_bytes().unwrap_or_default()) {
        Verdict::Nothing => Ok(()),
        Verdict::Store => {
            let _ = screen.write_all(transcript::SKIPPED.as_bytes());
            Ok(())
        }
        Verdict::Refuse(text) => Err(Rejected::Because(text)),
        Verdict::Build { branch, commit } => build(&repository, branch, commit, screen),
    }
}

fn build(repository: &Repository, branch: &str, commit: &str, screen: &mut impl Write) -> Result<(), Rejected> {
    let app = env::var(environment::APP).unwrap_or_default();
    let refused = |text: String| Rejected::Because(format!("{text}{}", transcript::rejected(&app)));
    let commit = Commit::read(repository, branch, commit).map_err(refused)?;
    let mut say = |text: &str| {
        // Whoever does not listen any more still wants the build.
        let _ = screen.write_all(text.as_bytes());
    };
    say(&transcript::updated(commit.files.len(), &commit.tree));
    say(transcript::COMPRESSING);
    let mut server = connect(branch, &commit)?;
    let pieces = BufWriter::with_capacity(PIECE, Pieces(&server));
    match tarball::write(repository, &commit, pieces) {
        Ok(()) => {}
        Err(tarball::Error::Refused(text)) => return Err(refused(text)),
        Err(tarball::Error::Output) => return Err(Rejected::ServerGone),
    }
    Frame::SourceEnd.write_to(&mut server).map_err(|_| Rejected::ServerGone)?;
    say(transcript::DONE);
    say(transcript::BUILDING);
    loop {
        match Frame::read_from(&mut server) {
            Ok(Frame::Text(text)) => {
                let _ = screen.write_all(&text);
            }
            Ok(Frame::Accept) => return Ok(()),
            Ok(Frame::Reject) => return Err(Rejected::ByServer),
            Ok(_) | Err(_) => return Err(Rejected::ServerGone),
        }
    }
}

fn connect(branch: &str, commit: &Commit) -> Result<UnixStream, Rejected> {
    let socket = env::var_os(environment::SOCKET).unwrap_or_default();
    let secret = env::var(environment::SECRET).unwrap_or_default();
    let pushed = PushedCommit { branch: branch.to_owned(), id: commit.id.to_string(), summary: commit.summary.clone() };
    let announce = || {
        let mut server = UnixStream::connect(socket)?;
        Announcement { secret, commit: pushed }.to_frame()?.write_to(&mut server)?;
        Ok(server)
    };
    announce().map_err(|_: io::Error| Rejected::ServerGone)
}

/// Of the tarball.
const PIECE: usize = 64 * 1024;

/// Every write is a frame.
struct Pieces<'a>(&'a UnixStream);

impl Write for Pieces<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let piece = &piece[..piece.len().min(PIECE)];
        Frame::Source(Bytes::copy_from_slice(piece)).write_to(&mut self.0)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unreadable(error: impl std::fmt::Display) -> Rejected {
    Rejected::Because(transcript::unreadable(&error.to_string()))
}
