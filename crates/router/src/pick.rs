use std::sync::Arc;

use crate::{
    dyno::{Dyno, Stay},
    table::App,
};

/// What there is to send a request to.
#[derive(Debug)]
pub(crate) enum Pick {
    Dyno(Stay),
    /// None is up.
    NoneUp,
    /// Some are up, and each of them is quarantined or was tried by this request.
    NoneLeft,
    /// The table has been swapped meanwhile: look again.
    Stale,
}

/// One of the app's dynos that are up, each as likely as the others (Heroku: "random selection"), leaving out those that
/// are quarantined or in `tried`. The request is counted in.
pub(crate) fn pick(app: &App, tried: &[Arc<Dyno>]) -> Pick {
    if app.up.is_empty() {
        return Pick::NoneUp;
    }
    let fit = |dyno: &&Arc<Dyno>| !dyno.is_quarantined() && !tried.iter().any(|tried| Arc::ptr_eq(tried, dyno));
    let first = &app.up[rand::random_range(0..app.up.len())];
    let chosen = if fit(&first) {
        first
    } else {
        let count = app.up.iter().filter(fit).count();
        if count == 0 {
            return Pick::NoneLeft;
        }
        match app.up.iter().filter(fit).nth(rand::random_range(0..count)) {
            Some(dyno) => dyno,
            // A quarantine began between the two looks.
            None => return Pick::Stale,
        }
    };
    chosen.enter().map_or(Pick::Stale, Pick::Dyno)
}
