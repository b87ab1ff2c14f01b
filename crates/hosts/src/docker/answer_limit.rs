//! How long an engine's answer may be. An engine may be in wrong hands, and most answers are read whole: one without an end
//! would fill the memory of whoever asked.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Far more than a list of all that runs on a host, and than all that is told of an image's way.
pub(super) const ANSWER_BYTES: u64 = 32 << 20;

/// In place of a number of bytes: until the next request.
const ENDLESS: u64 = u64::MAX;
/// The same for a connection that carries no other request any more.
const HANDED_OVER: u64 = u64::MAX - 1;

/// What may still be read from one connection before the next request is written to it. Hyper's client hands it out with
/// each answer.
#[derive(Debug, Clone)]
pub(super) struct AnswerLimit(Arc<AtomicU64>);

impl AnswerLimit {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(ANSWER_BYTES)))
    }

    /// For an answer that is read piece by piece, as fast as its reader goes on.
    pub(super) fn lift(&self) {
        self.0.store(ENDLESS, Ordering::Relaxed);
    }

    /// For a connection that has become something else than requests and answers.
    pub(super) fn lift_for_good(&self) {
        self.0.store(HANDED_OVER, Ordering::Relaxed);
    }

    /// A request, or a part of it, was written.
    pub(super) fn renew(&self) {
        if self.0.load(Ordering::Relaxed) != HANDED_OVER {
            self.0.store(ANSWER_BYTES, Ordering::Relaxed);
        }
    }

    /// # Errors
    /// It is too much.
    pub(super) fn spend(&self, bytes: usize) -> io::Result<()> {
        let left = self.0.load(Ordering::Relaxed);
        if left >= HANDED_OVER {
            return Ok(());
        }
        match left.checked_sub(bytes as u64) {
            Some(rest) => {
                // Reads of one connection come one after the other. Should it be lifted just now, that stands.
                self.0.compare_exchange(left, rest, Ordering::Relaxed, Ordering::Relaxed).ok();
                Ok(())
            }
            None => Err(io::Error::other(format!("the engine's answer is longer than {ANSWER_BYTES} bytes"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_may_be_long_and_each_request_has_one() {
        let limit = AnswerLimit::new();
        for _ in 0..3 {
            limit.renew();
            limit.spend(ANSWER_BYTES as usize).unwrap();
            limit.spend(1).unwrap_err();
        }
    }

    #[test]
    fn a_lifted_limit_is_back_with_the_next_request_unless_there_is_none() {
        let limit = AnswerLimit::new();
        limit.lift();
        limit.spend(usize::MAX).unwrap();
        limit.renew();
        limit.spend(usize::MAX).unwrap_err();
        limit.lift_for_good();
        limit.renew();
        limit.spend(usize::MAX).unwrap();
    }
}
