use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use axum::http::StatusCode;
use paas_model::AccountId;
use paas_platform::error_id;

use crate::error::ApiError;

/// How many calls each account may still make (Heroku: "Platform API reference", rate limits): a pool that every call
/// takes one from and that refills steadily. Kept in memory: a restart gives everybody a full pool, and processes side
/// by side count for themselves.
pub(crate) struct Allowances {
    pools: Mutex<HashMap<AccountId, Pool>>,
    size: f64,
    per_second: f64,
}

#[derive(Clone, Copy)]
struct Pool {
    left: f64,
    at: Instant,
}

/// Heroku's own page about it; what it says holds here.
const DESCRIBED: &str = "https://devcenter.heroku.com/articles/platform-api-reference#rate-limits";

/// Past this many accounts, those whose pool is full again are forgotten.
const KEPT_ACCOUNTS: usize = 10_000;

impl Allowances {
    pub(crate) fn new(size: u32, refill_per_minute: u32) -> Self {
        Self { pools: Mutex::default(), size: size.into(), per_second: f64::from(refill_per_minute) / 60.0 }
    }

    /// Takes one call, and says how many are left.
    ///
    /// # Errors
    /// 429 `rate_limit` when there is none.
    pub(crate) fn take(&self, account: AccountId, now: Instant) -> Result<u32, ApiError> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if pools.len() >= KEPT_ACCOUNTS && !pools.contains_key(&account) {
            pools.retain(|_, pool| self.refilled(*pool, now) < self.size);
        }
        let pool = pools.entry(account).or_insert(Pool { left: self.size, at: now });
        let left = self.refilled(*pool, now);
        if left < 1.0 {
            let message =
                "Your account reached the API rate limit\nPlease wait a few minutes before making new requests";
            let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, error_id::RATE_LIMIT, message);
            return Err(ApiError { url: Some(DESCRIBED.to_owned()), ..error });
        }
        *pool = Pool { left: left - 1.0, at: now };
        Ok(whole(left - 1.0))
    }

    /// How many calls are left, taking none.
    pub(crate) fn left(&self, account: AccountId, now: Instant) -> u32 {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        whole(pools.get(&account).map_or(self.size, |pool| self.refilled(*pool, now)))
    }

    fn refilled(&self, pool: Pool, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(pool.at).as_secs_f64();
        (pool.left + seconds * self.per_second).min(self.size)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and the pool's size, which was a u32"
)]
fn whole(calls: f64) -> u32 {
    calls as u32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_pool_empties_refuses_and_refills() {
        let (allowances, now) = (Allowances::new(2, 60), Instant::now());
        let account = AccountId::from(Uuid::from_u128(1));
        assert_eq!(allowances.take(account, now), Ok(1));
        assert_eq!(allowances.take(account, now), Ok(0));
        let refused = allowances.take(account, now).unwrap_err();
        assert_eq!((refused.status, refused.id), (StatusCode::TOO_MANY_REQUESTS, "rate_limit"));
        assert_eq!(allowances.take(account, now + Duration::from_secs(1)), Ok(0));
        assert_eq!(allowances.left(account, now + Duration::from_hours(1)), 2);
    }

    #[test]
    fn accounts_do_not_share_a_pool() {
        let (allowances, now) = (Allowances::new(1, 1), Instant::now());
        assert!(allowances.take(AccountId::from(Uuid::from_u128(1)), now).is_ok());
        assert!(allowances.take(AccountId::from(Uuid::from_u128(2)), now).is_ok());
    }
}
