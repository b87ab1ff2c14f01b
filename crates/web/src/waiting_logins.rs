use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use paas_db::SecretHash;

/// Command lines that wait for somebody to log in with a browser: strangers, each with a connection and a question a second.
#[derive(Debug, Clone, Default)]
pub(crate) struct WaitingLogins {
    places: Arc<Mutex<HashMap<SecretHash, usize>>>,
}

/// Gives its place back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    logins: WaitingLogins,
    login: SecretHash,
}

const MOST: usize = 256;
/// The one before may not have noticed yet that its connection is broken. Logins are limited by address, so with this,
/// nobody takes all places.
const MOST_OF_ONE: usize = 2;

impl WaitingLogins {
    pub(crate) fn take(&self, login: SecretHash) -> Option<Place> {
        let mut places = self.lock();
        let all: usize = places.values().sum();
        let of_one = places.entry(login.clone()).or_default();
        if all >= MOST || *of_one >= MOST_OF_ONE {
            places.retain(|_, taken| *taken > 0);
            return None;
        }
        *of_one += 1;
        Some(Place { logins: self.clone(), login })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SecretHash, usize>> {
        // Every statement under the lock leaves a right count.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.logins.lock();
        if let Some(taken) = places.get_mut(&self.login) {
            *taken -= 1;
        }
        places.retain(|_, taken| *taken > 0);
    }
}

#[cfg(test)]
mod tests {
    use paas_db::new_secret;

    use super::*;

    #[test]
    fn one_login_does_not_take_the_places_of_all() {
        let (logins, login) = (WaitingLogins::default(), SecretHash::of(&new_secret("")));
        let _first = logins.take(login.clone()).unwrap();
        let second = logins.take(login.clone()).unwrap();
        assert!(logins.take(login.clone()).is_none());
        drop(second);
        assert!(logins.take(login).is_some(), "places are given back");
    }

    #[test]
    fn there_are_so_many_places_and_no_more() {
        let logins = WaitingLogins::default();
        let login = || SecretHash::of(&new_secret(""));
        let places: Vec<_> = (0..MOST).map(|_| logins.take(login()).unwrap()).collect();
        assert!(logins.take(login()).is_none());
        drop(places);
        assert!(logins.lock().is_empty());
    }
}
