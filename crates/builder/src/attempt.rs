//! One run of one build: the container's life, and what is kept of it.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    future,
    time::{Duration, Instant},
};

use futures::StreamExt;
use paas_hosts::{ContainerName, ContainerState, Engine, EngineError};
use paas_model::BuildpackSource;
use tokio::sync::Mutex;

use crate::{
    BuildError, BuildRequest, Builder, BuilderError, StackConfig,
    outcome::{self, Outcome},
    sandbox,
    single_file::single_file,
    transcript::{Transcript, human_size},
    warm,
};

pub(crate) struct Attempt<'a> {
    pub builder: &'a Builder,
    pub engine: &'a dyn Engine,
    pub request: &'a BuildRequest,
    pub stack: &'a StackConfig,
    pub buildpacks: &'a [BuildpackSource],
    /// Held while something is read out of the container: engines let one reader at it at a time, and have the others wait
    /// without a word.
    pub reading: Mutex<()>,
}

/// How a build's container came to its end.
enum End {
    /// It stands still, with its results in it.
    Well,
    Exited {
        code: i64,
        out_of_memory: bool,
    },
    OutOfTime,
    OutOfDisk,
}

/// What came of the build's script.
pub(crate) enum Ran {
    /// The build's results are in the container; and how long it ran.
    Compiled(ContainerName, Duration),
    /// Nothing was compiled: the app is to be built by its Dockerfiles.
    Container,
}

/// The script's way to say the latter.
const ASKS_FOR_CONTAINER: i64 = 3;

/// What the script prints last, when all has gone well: its results are there. A build that prints it itself is stopped in its
/// tracks all the same, and has what there is then read.
const ENDED: &[u8] = b"\x1ebuild ended\n";

/// Least time between two looks at the disk: the engine counts file by file.
const DISK_INTERVAL: Duration = Duration::from_secs(2);

impl Attempt<'_> {
    /// Runs the build's script to its good end, showing what it prints.
    pub(crate) async fn run(&self, transcript: &mut Transcript) -> Result<Ran, BuildError> {
        let Builder { config, registry, .. } = self.builder;
        let since = Instant::now();
        self.builder.ensure_firewall(self.engine, self.stack, self.request).await?;
        let started = sandbox::start(self.engine, registry, config, self.stack, self.request, self.buildpacks);
        let container = started.await?;
        transcript.stage("prepare", since).await;

        let since = Instant::now();
        let end = self.watch(&container, transcript).await?;
        let ran = since.elapsed();
        transcript.took("run", ran).await;
        let limits = &config.limits;
        match end {
            End::Well | End::Exited { code: 0, .. } => Ok(Ran::Compiled(container, ran)),
            End::Exited { code: ASKS_FOR_CONTAINER, .. } => Ok(Ran::Container),
            End::Exited { out_of_memory: true, .. } => {
                let text = format!(" !     The build ran out of memory: it may use {} MB.\n\n", limits.memory_mb);
                self.reject(transcript, &text, "out of memory").await
            }
            // The script has said why, unless it was killed by one of its own children.
            End::Exited { code: 1, .. } => {
                let said = self.said(&container).await;
                let shown = if transcript.is_cut() { format!(" !     {said}\n\n") } else { "\n".to_owned() };
                self.reject(transcript, &shown, &said).await
            }
            End::Exited { code, .. } => {
                let text = format!(" !     Push rejected, the build ended with status {code}.\n\n");
                self.reject(transcript, &text, "the build was killed").await
            }
            End::OutOfTime => {
                let text = format!(" !     Push rejected, build took longer than {}.\n\n", minutes(limits.seconds));
                self.reject(transcript, &text, "out of time").await
            }
            End::OutOfDisk => {
                let size = human_size(limits.disk_bytes);
                let text = format!(" !     Push rejected, the build wrote more than {size} to its disk.\n\n");
                self.reject(transcript, &text, "out of disk").await
            }
        }
    }

    /// What the script found out.
    pub(crate) async fn outcome(
        &self,
        container: &ContainerName,
        ran: Duration,
        transcript: &Transcript,
    ) -> Result<Outcome, BuildError> {
        let since = Instant::now();
        let tar = match self.engine.download(container, sandbox::RESULT).await {
            Ok(tar) => tar,
            Err(EngineError::NoSuchPath { .. }) => {
                let text = " !     Push rejected, the build removed its own results.\n\n";
                return self.reject(transcript, text, "no result").await;
            }
            Err(error) => return Err(BuilderError::engine("read a build's result")(error).into()),
        };
        let Some(files) = outcome::read(tar).await? else {
            let text = " !     Push rejected, the buildpacks printed more than 4 MB for bin/detect, bin/release and the Procfile together.\n\n";
            return self.reject(transcript, text, "too large a result").await;
        };
        match Outcome::parse(&files) {
            Ok(outcome) => {
                for (name, took) in &outcome.stages {
                    transcript.took(name, *took).await;
                }
                // What the container took besides: its start, looking whether the cache has changed, its end.
                let stages: Duration = outcome.stages.iter().map(|(_, took)| *took).sum();
                transcript.took("settle", ran.saturating_sub(stages) + since.elapsed()).await;
                Ok(outcome)
            }
            Err(error) => self.reject(transcript, &format!(" !     {error}\n\n"), "bad release output").await,
        }
    }

    /// The cache for the app's next build: the one that there was when this build changed nothing in it.
    pub(crate) async fn store_cache(
        &self,
        container: &ContainerName,
        outcome: &Outcome,
        transcript: &Transcript,
    ) -> Result<Option<String>, BuildError> {
        if !outcome.cache_changed {
            return Ok(self.request.cache_digest.clone());
        }
        let _turn = self.reading.lock().await;
        let since = Instant::now();
        let tar = match self.engine.download(container, sandbox::CACHE).await {
            Ok(tar) => tar,
            Err(EngineError::NoSuchPath { .. }) => return Ok(None),
            Err(error) => return Err(BuilderError::engine("read a build's cache")(error).into()),
        };
        let limit = self.builder.config.limits.cache_bytes;
        let Some((size, content)) = single_file(tar).await? else { return Ok(None) };
        if size > limit {
            let (size, limit) = (human_size(size), human_size(limit));
            let text = format!(" !     Warning: The build cache ({size}) is too large to keep (max is {limit}).");
            transcript.line(text).await;
            return Ok(None);
        }
        let stored = self.builder.registry.put_blob(sandbox::CACHES, content, limit).await?;
        transcript.stage("cache", since).await;
        Ok(Some(stored.digest))
    }

    /// What the script ended with, in a line.
    async fn said(&self, container: &ContainerName) -> String {
        let files = match self.engine.download(container, sandbox::RESULT).await {
            Ok(tar) => outcome::read(tar).await.ok().flatten().unwrap_or_default(),
            Err(_) => BTreeMap::new(),
        };
        outcome::line(&files, "rejected").unwrap_or_else(|| "Push rejected, the build failed.".to_owned())
    }

    /// Shows the output until the container has ended, or has used up what it may.
    async fn watch(&self, container: &ContainerName, transcript: &mut Transcript) -> Result<End, BuilderError> {
        let limits = &self.builder.config.limits;
        tokio::select! {
            end = self.follow(container, transcript) => end,
            full = watch_disk(self.engine, container, limits.disk_bytes) => full.map(|()| End::OutOfDisk),
            () = tokio::time::sleep(Duration::from_secs(limits.seconds)) => Ok(End::OutOfTime),
        }
    }

    async fn follow(&self, container: &ContainerName, transcript: &mut Transcript) -> Result<End, BuilderError> {
        let mut logs =
            self.engine.logs(container, None).await.map_err(BuilderError::engine("follow a build's output"))?;
        while let Some(chunk) = logs.next().await {
            let chunk = chunk.map_err(BuilderError::engine("follow a build's output"))?;
            if chunk.bytes == warm::WAITS {
                continue;
            }
            if let Some(last) = chunk.bytes.strip_suffix(ENDED) {
                transcript.output(last).await;
                match self.engine.freeze(container).await {
                    Ok(()) => {
                        transcript.end_output().await;
                        return Ok(End::Well);
                    }
                    // The machine cannot do it. It ends by itself a moment later.
                    Err(error @ EngineError::Refused { .. }) => {
                        tracing::warn!(container = %container, error = &error as &dyn std::error::Error, "a build cannot be frozen");
                        continue;
                    }
                    Err(error) => return Err(BuilderError::engine("freeze a build")(error)),
                }
            }
            transcript.output(&chunk.bytes).await;
        }
        transcript.end_output().await;
        let code = self.engine.wait(container).await.map_err(BuilderError::engine("wait for a build"))?;
        let status = self.engine.inspect(container).await.map_err(BuilderError::engine("look at a build"))?;
        let out_of_memory =
            status.is_some_and(|status| matches!(status.state, ContainerState::Ended { out_of_memory: true, .. }));
        Ok(End::Exited { code, out_of_memory })
    }

    pub(crate) async fn reject<T>(&self, transcript: &Transcript, text: &str, reason: &str) -> Result<T, BuildError> {
        transcript.text(text).await;
        Err(BuildError::Rejected { reason: reason.to_owned() })
    }
}

/// Ends when the container has written more than it may. One large file does not get that far: it has a limit itself.
pub(crate) async fn watch_disk(engine: &dyn Engine, container: &ContainerName, limit: u64) -> Result<(), BuilderError> {
    let mut pause = DISK_INTERVAL;
    loop {
        tokio::time::sleep(pause).await;
        let since = Instant::now();
        match engine.disk_used(container).await {
            Ok(used) if used > limit => return Ok(()),
            Ok(_) => pause = DISK_INTERVAL.max(since.elapsed() * 5),
            // It has ended, which the output's end will tell.
            Err(EngineError::NoSuchContainer(_)) => match future::pending::<Infallible>().await {},
            Err(error) => return Err(BuilderError::engine("measure a build's disk")(error)),
        }
    }
}

fn minutes(seconds: u64) -> String {
    match seconds {
        60 => "1 minute".to_owned(),
        seconds if seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    }
}
