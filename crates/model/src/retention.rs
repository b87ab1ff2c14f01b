//! Which slugs an app keeps. Heroku keeps all; a disk does not.

use chrono::{DateTime, TimeDelta, Utc};

/// A slug that was never released is kept for so long: somebody may be about to release it.
const UNRELEASED: TimeDelta = TimeDelta::hours(24);

/// How much an app can be rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The newest so many releases that succeeded keep their slugs. At least one is kept whatever this says: the one that runs.
    pub releases: u32,
}

/// Who wants a slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlugUse {
    /// Where the newest of its releases that succeeded stands among those of the app: 1 is the current one. `None`: it has none.
    pub rank: Option<u32>,
    /// It is of the app's newest release, which the next config change builds on, or of one whose release phase has not ended.
    pub is_next: bool,
    /// A dyno of it has not ended.
    pub runs: bool,
    pub was_released: bool,
    pub created_at: DateTime<Utc>,
}

impl Retention {
    #[must_use]
    pub fn keeps(self, slug: &SlugUse, now: DateTime<Utc>) -> bool {
        slug.is_next
            || slug.runs
            || slug.rank.is_some_and(|rank| rank <= self.releases.max(1))
            || (!slug.was_released && now - slug.created_at < UNRELEASED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(rank: Option<u32>) -> SlugUse {
        SlugUse { rank, is_next: false, runs: false, was_released: true, created_at: DateTime::UNIX_EPOCH }
    }

    fn keeps(releases: u32, slug: &SlugUse) -> bool {
        Retention { releases }.keeps(slug, DateTime::UNIX_EPOCH + TimeDelta::days(365))
    }

    #[test]
    fn the_newest_releases_keep_their_slugs() {
        assert!(keeps(2, &slug(Some(1))) && keeps(2, &slug(Some(2))));
        assert!(!keeps(2, &slug(Some(3))));
        assert!(!keeps(2, &slug(None)), "of a release that failed");
    }

    #[test]
    fn the_current_release_keeps_its_slug_whatever_is_set() {
        assert!(keeps(0, &slug(Some(1))));
        assert!(!keeps(0, &slug(Some(2))));
    }

    #[test]
    fn what_runs_or_is_about_to_is_kept() {
        assert!(keeps(1, &SlugUse { runs: true, ..slug(Some(9)) }));
        assert!(keeps(1, &SlugUse { is_next: true, ..slug(None) }));
    }

    #[test]
    fn a_slug_that_was_never_released_is_kept_for_a_day() {
        let unreleased = SlugUse { was_released: false, ..slug(None) };
        let retention = Retention { releases: 1 };
        let at = |hours| unreleased.created_at + TimeDelta::hours(hours);
        assert!(retention.keeps(&unreleased, at(23)));
        assert!(!retention.keeps(&unreleased, at(24)));
    }
}
