use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use http_body_util::BodyExt;
use paas_model::AccountId;
use sha2::{Digest, Sha256};
use tracing::Instrument;
use uuid::Uuid;

use crate::{body, error::ApiError};

/// The answers to recent `POST`s, for clients that send one again because its connection broke: Heroku's CLI does, up to
/// five times within seconds, and would make everything twice.
///
/// A repetition is told by the client's `Request-Id`: that CLI puts a new UUID in front of the list for each request, and
/// sends the same list when it tries again. Kept in memory, by each server process for itself. Clients that send no
/// UUID are as they ever were.
#[derive(Clone, Default)]
pub(crate) struct Replays {
    kept: Arc<Mutex<HashMap<Key, Kept>>>,
}

type Key = [u8; 32];

struct Kept {
    /// Of all runs with this key, which.
    run: Uuid,
    account: AccountId,
    answer: Answer,
    since: Instant,
}

/// What a request's first run answers, as soon as it does. It goes on when everybody who waits for it has hung up.
type Answer = Shared<BoxFuture<'static, Option<Parts>>>;

#[derive(Clone)]
struct Parts {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Longer than a client goes on trying.
const KEPT_FOR: Duration = Duration::from_secs(180);
/// Past it nothing more is kept until some are old; and of one account, so that none keeps the others' from being kept.
const MOST: usize = 2_000;
const MOST_OF_ONE: usize = 100;
/// A longer answer is given once.
const MAX_ANSWER: usize = 64 << 10;

impl Replays {
    /// Runs the request, or answers as it was answered before.
    pub(crate) async fn once(&self, account: AccountId, request: Request, next: Next) -> Response {
        let Some(id) = client_id(&request) else { return next.run(request).await };
        let (parts, body) = request.into_parts();
        let bytes = match body::read(body, body::MAX_BYTES).await {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) => return error.into_response(),
        };
        let address = parts.uri.path_and_query().map_or("", |address| address.as_str());
        let key = digest(&[account.uuid().as_bytes(), id.as_bytes(), address.as_bytes(), &bytes]);
        let run = async move {
            let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some(Parts { status: parts.status, headers: parts.headers, body })
        };
        let (answer, is_first) = self.first(account, key, run, Instant::now());
        let Some(parts) = answer.await else { return ApiError::internal().into_response() };
        let mut response = (parts.status, parts.headers, parts.body).into_response();
        if !is_first {
            tracing::info!("a request was sent again, and answered as the first time");
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }

    /// The answer of the first run with this key, and whether this is that run.
    fn first(
        &self,
        account: AccountId,
        key: Key,
        run: impl Future<Output = Option<Parts>> + Send + 'static,
        now: Instant,
    ) -> (Answer, bool) {
        let mut kept = self.lock();
        kept.retain(|_, kept| now.saturating_duration_since(kept.since) < KEPT_FOR);
        if let Some(known) = kept.get(&key) {
            return (known.answer.clone(), false);
        }
        let (replays, id) = (self.clone(), Uuid::now_v7());
        let run = async move {
            let parts = AssertUnwindSafe(run).catch_unwind().await.ok().flatten();
            if !parts.as_ref().is_some_and(Parts::may_be_given_again) {
                replays.forget(&key, id);
            }
            parts
        };
        let run = tokio::spawn(run.in_current_span());
        let answer = async move { run.await.ok().flatten() }.boxed().shared();
        let of_one = kept.values().filter(|kept| kept.account == account).count();
        if kept.len() < MOST && of_one < MOST_OF_ONE {
            kept.insert(key, Kept { run: id, account, answer: answer.clone(), since: now });
        }
        (answer, true)
    }

    fn forget(&self, key: &Key, run: Uuid) {
        let mut kept = self.lock();
        if kept.get(key).is_some_and(|kept| kept.run == run) {
            kept.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        // Every statement under the lock leaves a whole table.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parts {
    /// An error of ours may go better the next time.
    fn may_be_given_again(&self) -> bool {
        !self.status.is_server_error() && self.body.len() <= MAX_ANSWER
    }
}

/// The first of a `POST`'s own ids.
fn client_id(request: &Request) -> Option<Uuid> {
    let list = request.headers().get("request-id").filter(|_| request.method() == Method::POST)?;
    list.to_str().ok()?.split(',').next()?.trim().parse().ok()
}

/// Each part with its length, so that no two lists of parts are alike.
fn digest(parts: &[&[u8]]) -> Key {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        AccountId::from(Uuid::now_v7())
    }

    async fn answering(status: StatusCode) -> Option<Parts> {
        Some(Parts { status, headers: HeaderMap::new(), body: Bytes::new() })
    }

    #[tokio::test]
    async fn an_error_of_ours_is_not_given_again_though_nobody_waited_for_it() {
        let (replays, now, account) = (Replays::default(), Instant::now(), account());
        let runs: [BoxFuture<'static, Option<Parts>>; 3] = [
            answering(StatusCode::SERVICE_UNAVAILABLE).boxed(),
            async { None }.boxed(),
            async { panic!("a handler panics") }.boxed(),
        ];
        for run in runs {
            let (answer, is_first) = replays.first(account, [0; 32], run, now);
            assert!(is_first);
            drop(answer);
            while !replays.lock().is_empty() {
                tokio::task::yield_now().await;
            }
        }
        let newer = replays.first(account, [0; 32], answering(StatusCode::OK), now);
        replays.forget(&[0; 32], Uuid::now_v7());
        assert!(newer.1 && !replays.lock().is_empty(), "a run forgets no other's answer");
    }

    #[tokio::test]
    async fn an_account_that_sends_many_requests_keeps_no_other_from_being_answered_again() {
        let (replays, now) = (Replays::default(), Instant::now());
        let is_first = |account, key| replays.first(account, [key; 32], answering(StatusCode::OK), now).1;
        let (busy, other) = (account(), account());
        for key in 0..u8::try_from(MOST_OF_ONE).unwrap() {
            assert!(is_first(busy, key) && !is_first(busy, key));
        }
        assert!(is_first(busy, 200) && is_first(busy, 200), "it has enough of them");
        assert!(is_first(other, 201) && !is_first(other, 201));
    }
}
