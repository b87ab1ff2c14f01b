use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep, sleep_until};

use crate::{
    access::{Access, Outcome},
    dyno::Stay,
    errors::Failure,
    table::Seat,
    upstream::Connection,
};

/// The client's body on its way to a dyno. Nothing is held back: a chunk goes on as it comes.
#[derive(Debug)]
pub(crate) struct RequestBody {
    incoming: Option<Incoming>,
    progress: Arc<Progress>,
}

/// How far the request's body is, for the timers.
#[derive(Debug)]
pub(crate) struct Progress {
    since: Instant,
    /// Milliseconds after `since`.
    last_byte: AtomicU64,
    stage: AtomicU8,
}

/// Where the body is; in an atomic, so numbers.
mod stage {
    /// The dyno does not take more, or nobody asked yet.
    pub(super) const DYNO: u8 = 0;
    /// The client has sent nothing more.
    pub(super) const CLIENT: u8 = 1;
    pub(super) const DONE: u8 = 2;
    /// The client's side broke off, or sent something that is no body.
    pub(super) const BROKEN: u8 = 3;
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming) -> Self {
        let stage = if incoming.is_end_stream() { stage::DONE } else { stage::DYNO };
        let progress = Progress { since: Instant::now(), last_byte: AtomicU64::new(0), stage: AtomicU8::new(stage) };
        Self { incoming: (stage != stage::DONE).then_some(incoming), progress: Arc::new(progress) }
    }

    /// A body without a byte, for sending a request again that had none.
    pub(crate) fn empty(progress: &Arc<Progress>) -> Self {
        Self { incoming: None, progress: Arc::clone(progress) }
    }

    pub(crate) const fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }
}

impl Progress {
    /// Returns when the dyno has had its time to begin with an answer, counted from the end of the request (Heroku: request
    /// timeout), or the body has stopped flowing.
    pub(crate) async fn exhausted(&self, first_byte: Duration, idle: Duration) -> Failure {
        loop {
            let done = self.stage.load(Relaxed) >= stage::DONE;
            let deadline = self.last_byte() + if done { first_byte } else { idle };
            if Instant::now() < deadline {
                sleep_until(deadline.into()).await;
            } else if self.stage.load(Relaxed) == stage::CLIENT {
                return Failure::ClientIdle;
            } else {
                return Failure::RequestTimeout;
            }
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.stage.load(Relaxed) == stage::BROKEN
    }

    fn last_byte(&self) -> Instant {
        self.since + Duration::from_millis(self.last_byte.load(Relaxed))
    }

    fn moved(&self, stage: u8) {
        let elapsed = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_byte.store(elapsed, Relaxed);
        self.stage.store(stage, Relaxed);
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = self.incoming.as_mut() else { return Poll::Ready(None) };
        let polled = Pin::new(&mut *incoming).poll_frame(cx);
        let ended = incoming.is_end_stream();
        match &polled {
            Poll::Pending => self.progress.stage.store(stage::CLIENT, Relaxed),
            Poll::Ready(Some(Ok(_))) if !ended => self.progress.moved(stage::DYNO),
            Poll::Ready(Some(Err(_))) => self.progress.moved(stage::BROKEN),
            Poll::Ready(_) => self.progress.moved(stage::DONE),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

/// What goes to the client: a page of the router's own, or a dyno's body as it comes.
#[derive(Debug)]
pub(crate) enum ResponseBody {
    Page(Full<Bytes>),
    Dyno(Box<DynoBody>),
    Empty,
}

/// Why a response is cut off: hyper then closes the client's connection, which is the only way left to say so.
#[derive(Debug, thiserror::Error)]
#[error("the dyno's response is incomplete: {0:?}")]
pub(crate) struct CutOff(Failure);

/// A dyno's response on its way to the client, and all that ends with it.
#[derive(Debug)]
pub(crate) struct DynoBody {
    incoming: Incoming,
    progress: Arc<Progress>,
    idle: Duration,
    /// Runs while the dyno is waited for.
    timer: Option<Pin<Box<Sleep>>>,
    thread: usize,
    /// `None` once the response has ended, well or not.
    rest: Option<Rest>,
}

/// What is held until the last byte.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(crate) access: Access,
    pub(crate) connection: Connection,
    pub(crate) stay: Stay,
    pub(crate) seat: Seat,
}

impl DynoBody {
    pub(crate) fn new(incoming: Incoming, progress: Arc<Progress>, idle: Duration, thread: usize, rest: Rest) -> Self {
        let mut body = Self { incoming, progress, idle, timer: None, thread, rest: Some(rest) };
        body.look_for_end();
        body
    }

    fn look_for_end(&mut self) {
        if self.incoming.is_end_stream() {
            self.complete();
        }
    }

    fn complete(&mut self) {
        if let Some(Rest { mut access, connection, stay, seat }) = self.rest.take() {
            access.end(Outcome::Complete);
            if !stay.dyno().is_draining() {
                stay.dyno().pool.put(self.thread, connection);
            }
            drop((stay, seat));
        }
    }

    fn cut_off(&mut self, failure: Failure) -> CutOff {
        if let Some(mut rest) = self.rest.take() {
            rest.access.end(Outcome::Failed(failure));
        }
        CutOff(failure)
    }

    /// Ready when no byte went either way for too long.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let idle = self.idle;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(idle)));
        loop {
            ready!(timer.as_mut().poll(cx));
            let deadline = self.progress.last_byte() + idle;
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline.into());
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let body = match &mut *self {
            Self::Page(page) => {
                return Pin::new(page)
                    .poll_frame(cx)
                    .map(|frame| frame.map(|frame| frame.map_err(|never| match never {})));
            }
            Self::Empty => return Poll::Ready(None),
            Self::Dyno(body) => body,
        };
        match Pin::new(&mut body.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                body.timer = None;
                body.look_for_end();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => {
                body.complete();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(_))) if body.progress.is_broken() => {
                Poll::Ready(Some(Err(body.cut_off(Failure::ClientInterrupted))))
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(body.cut_off(Failure::ResponseInterrupted)))),
            Poll::Pending => body.poll_idle(cx).map(|()| Some(Err(body.cut_off(Failure::IdleConnection)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Page(page) => page.is_end_stream(),
            Self::Dyno(body) => body.incoming.is_end_stream(),
            Self::Empty => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Page(page) => page.size_hint(),
            Self::Dyno(body) => body.incoming.size_hint(),
            Self::Empty => SizeHint::with_exact(0),
        }
    }
}
