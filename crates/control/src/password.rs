//! Passwords: Argon2id, off the async threads, few at a time.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::OpError;

/// Heroku's least.
const MIN_LETTERS: usize = 8;
/// Nobody types more, and whoever sends more is after our time.
const MAX_BYTES: usize = 1024;

/// Each takes 19 MiB for as long as it runs, so a crowd of guessers waits in line.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// Of a password that nobody has: checked where there is none to check, so that the time an answer takes does not tell
/// whether there is an account.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cGFhcy1ub2JvZHktc2FsdA$WzJz5cZJ1mHvyH5o3Nn6Vz2xM7d3m0c0m4yF8Qx0h3E";

/// A PHC string to store.
///
/// # Errors
/// [`OpError::Invalid`] for one that is too short or too long.
pub(crate) async fn hash(password: SecretString) -> Result<String, OpError> {
    let text = password.expose_secret();
    if text.chars().count() < MIN_LETTERS || text.len() > MAX_BYTES {
        return Err(OpError::Invalid(format!(
            "A password has at least {MIN_LETTERS} letters and at most {MAX_BYTES}."
        )));
    }
    let hashed = aside(move || Argon2::default().hash_password(password.expose_secret().as_bytes())).await?;
    Ok(hashed.map_err(|error| OpError::Internal(error.to_string().into()))?.to_string())
}

/// Whether it is the password of this PHC string. `None` takes as long, and is never right.
pub(crate) async fn verify(password: SecretString, hash: Option<String>) -> Result<bool, OpError> {
    if password.expose_secret().len() > MAX_BYTES {
        return Ok(false);
    }
    aside(move || {
        let fits = PasswordHash::new(hash.as_deref().unwrap_or(NOBODYS)).is_ok_and(|parsed| {
            Argon2::default().verify_password(password.expose_secret().as_bytes(), &parsed).is_ok()
        });
        fits && hash.is_some()
    })
    .await
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, OpError> {
    let turn = AT_ONCE.acquire().await.map_err(|error| OpError::Internal(error.into()))?;
    // The turn goes with the work, which nobody can stop once it runs, and not with whoever waits for it and may hang up.
    let work = move || {
        let _turn = turn;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| OpError::Internal(error.into()))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_fits_its_hash() {
        let stored = hash("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        assert!(verify("correct horse".into(), Some(stored.clone())).await.unwrap());
        for wrong in ["", "correct horsf", "Correct horse"] {
            assert!(!verify(wrong.into(), Some(stored.clone())).await.unwrap(), "{wrong}");
        }
        assert_ne!(hash("correct horse".into()).await.unwrap(), stored, "every hash has a salt of its own");
    }

    #[tokio::test]
    async fn where_there_is_no_password_the_work_is_the_same() {
        assert!(PasswordHash::new(NOBODYS).is_ok(), "it is parsed, so that it is worked on");
        let (stored, mut times) = (hash("correct horse".into()).await.unwrap(), [Duration::MAX; 2]);
        for _ in 0..5 {
            for (hash, least) in [Some(stored.clone()), None].into_iter().zip(&mut times) {
                let start = Instant::now();
                assert!(!verify("wrong".into(), hash).await.unwrap());
                *least = start.elapsed().min(*least);
            }
        }
        assert!(times[1] * 3 > times[0], "{times:?}");
    }

    #[tokio::test]
    async fn whoever_hangs_up_gives_no_turn_away_before_the_work_is_done() {
        let (started, has_started) = tokio::sync::oneshot::channel();
        let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
        let before = AT_ONCE.available_permits();
        let waiting = tokio::spawn(aside(move || {
            let _ = started.send(AT_ONCE.available_permits());
            let _ = may_go_on.recv();
        }));
        assert!(has_started.await.unwrap() < before.max(1));
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        // Other tests of this process may hold the rest; this one's turn is still taken.
        assert!(AT_ONCE.available_permits() < 4);
        drop(go_on);
    }

    #[tokio::test]
    async fn short_and_endless_ones_are_refused() {
        for password in ["1234567".to_owned(), "x".repeat(1025)] {
            assert!(matches!(hash(password.into()).await, Err(OpError::Invalid(_))));
        }
    }
}
