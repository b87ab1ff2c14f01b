//! The server's half of a push to the deploy branch: from the commit's tarball to the last line that the pusher reads.

use std::{
    io,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::StreamExt;
use paas_model::{BuildId, ReleaseId};
use tokio::net::unix::OwnedWriteHalf;

use crate::{BuildResult, PushTarget, PushedCommit, Refusal, SourceStream, TextStream, frame::Frame, transcript};

/// What the pusher sees, through the hook.
#[derive(Debug)]
pub(crate) struct Screen {
    hook: OwnedWriteHalf,
}

/// One commit on its way.
#[derive(Debug)]
pub(crate) struct Deploy<'a> {
    pub target: &'a dyn PushTarget,
    pub commit: &'a PushedCommit,
    /// When the push began.
    pub since: Instant,
    /// Where users read about pushes.
    pub help: &'a str,
}

/// While the database is away a push goes on waiting, this long without a sign of life.
const PATIENCE: Duration = Duration::from_secs(120);
const RETRY: Duration = Duration::from_secs(1);
/// Text goes out in frames of at most this.
const PIECE: usize = 64 * 1024;

impl Screen {
    pub(crate) const fn new(hook: OwnedWriteHalf) -> Self {
        Self { hook }
    }

    /// # Errors
    /// When the hook is gone, and nobody reads any more.
    async fn say(&mut self, text: impl Into<Bytes>) -> io::Result<()> {
        let mut text = text.into();
        while !text.is_empty() {
            let piece = text.split_to(text.len().min(PIECE));
            Frame::Text(piece).send(&mut self.hook).await?;
        }
        Ok(())
    }

    pub(crate) async fn end(&mut self, accepted: bool) -> io::Result<()> {
        if accepted { Frame::Accept } else { Frame::Reject }.send(&mut self.hook).await
    }
}

impl Deploy<'_> {
    /// Whether the ref may move: the build succeeded. A release command that fails does not change that
    /// (Heroku: release phase).
    ///
    /// # Errors
    /// When the hook is gone. The build goes on.
    pub(crate) async fn run(&self, source: SourceStream, screen: &mut Screen) -> io::Result<bool> {
        let build = match self.target.start_build(self.commit, source, self.since).await {
            Ok(build) => build,
            Err(refusal) => {
                refusal.log();
                screen.say(transcript::build_not_started(&refusal)).await?;
                screen.say(transcript::rejected(self.target.name().as_str())).await?;
                return Ok(false);
            }
        };
        tracing::info!(app.id = %self.target.id(), build.id = %build, commit = self.commit.id, "a push started a build");
        match self.watch(build, screen).await? {
            Ok(BuildResult::Failed { built_before }) => {
                if built_before {
                    screen.say(transcript::built_before(&self.commit.id, self.help)).await?;
                }
                screen.say(transcript::push_rejected(self.target.name().as_str())).await?;
                Ok(false)
            }
            Ok(BuildResult::Succeeded { release_phase }) => {
                screen.say(transcript::VERIFIED).await?;
                if let Some(release) = release_phase {
                    self.watch_release(release, screen).await?;
                }
                Ok(true)
            }
            Err(refusal) => {
                refusal.log();
                screen.say(transcript::lost_sight(&refusal, self.target.name())).await?;
                screen.say(transcript::rejected(self.target.name().as_str())).await?;
                Ok(false)
            }
        }
    }

    async fn watch(&self, build: BuildId, screen: &mut Screen) -> io::Result<Result<BuildResult, Refusal>> {
        // A line that may be missing is no reason to give up.
        if self.target.must_wait(build).await.unwrap_or(false) {
            screen.say(transcript::WAITING).await?;
        }
        if let Err(refusal) = copy(|| self.target.build_output(build), screen).await? {
            return Ok(Err(refusal));
        }
        Ok(patiently(|| self.target.build_result(build)).await)
    }

    async fn watch_release(&self, release: ReleaseId, screen: &mut Screen) -> io::Result<()> {
        screen.say(transcript::RUNNING_RELEASE_COMMAND).await?;
        let ended = match copy(|| self.target.release_output(release), screen).await? {
            Ok(()) => patiently(|| self.target.release_succeeded(release)).await,
            Err(refusal) => Err(refusal),
        };
        match ended {
            Ok(true) => screen.say(transcript::RELEASED).await,
            Ok(false) => screen.say(transcript::RELEASE_FAILED).await,
            Err(refusal) => {
                refusal.log();
                screen.say(transcript::lost_sight_of_release(&refusal, self.target.name())).await
            }
        }
    }
}

/// Shows a text as it comes. When it breaks off it is opened again, from where it was.
async fn copy(open: impl Fn() -> TextStream, screen: &mut Screen) -> io::Result<Result<(), Refusal>> {
    let (mut shown, mut last_sign) = (0, Instant::now());
    loop {
        let (mut stream, mut seen) = (open(), 0);
        let refusal = loop {
            match stream.next().await {
                None => return Ok(Ok(())),
                Some(Err(refusal)) => break refusal,
                Some(Ok(text)) => {
                    let old = text.len().min(shown - seen);
                    seen += text.len();
                    shown = shown.max(seen);
                    screen.say(Bytes::from(text).split_off(old)).await?;
                    last_sign = Instant::now();
                }
            }
        };
        if !refusal.is_transient() || last_sign.elapsed() > PATIENCE {
            return Ok(Err(refusal));
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Asks again while the answer is that a part of the platform is down.
async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T, Refusal>
where
    F: Future<Output = Result<T, Refusal>>,
{
    let since = Instant::now();
    loop {
        match ask().await {
            Err(refusal) if refusal.is_transient() && since.elapsed() < PATIENCE => tokio::time::sleep(RETRY).await,
            answer => return answer,
        }
    }
}
