use chrono::{DateTime, Local, Utc};
use paas_platform::Timestamp;

/// `2014/12/12 20:33:15 +0000`, and `(~ 5m ago)` within the last 25 hours, as Heroku's CLI shows times.
pub(crate) fn ago(time: Timestamp, now: DateTime<Utc>) -> String {
    let text = time.0.with_timezone(&Local).format("%Y/%m/%d %H:%M:%S %z");
    let seconds = (now - time.0).num_seconds().max(0);
    match seconds {
        0..60 => format!("{text} (~ {seconds}s ago)"),
        60..3_600 => format!("{text} (~ {}m ago)", seconds / 60),
        3_600..90_000 => format!("{text} (~ {}h ago)", seconds / 3_600),
        _ => text.to_string(),
    }
}

/// How long ago: `5s`, `3m`, `2h`, `4d`; the day, `2014/12/12`, when that was more than a month ago.
pub(crate) fn since(time: Timestamp, now: DateTime<Utc>) -> String {
    match now - time.0 {
        long if long.num_days() > 30 => time.0.with_timezone(&Local).format("%Y/%m/%d").to_string(),
        short_time => short(short_time.num_seconds()),
    }
}

/// How long until then: as [`since`].
pub(crate) fn until(time: Timestamp, now: DateTime<Utc>) -> String {
    short((time.0 - now).num_seconds())
}

fn short(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_have_one_unit() {
        assert_eq!(
            [0, 59, 60, 3_599, 3_600, 172_799, 172_800, -5].map(short),
            ["0s", "59s", "1m", "59m", "1h", "47h", "2d", "0s"]
        );
    }

    #[test]
    fn recent_times_say_how_long_ago() {
        let now = Utc::now();
        let before = |seconds| ago(Timestamp(now - chrono::TimeDelta::seconds(seconds)), now);
        assert!(before(5).ends_with(" (~ 5s ago)"));
        assert!(before(300).ends_with(" (~ 5m ago)"));
        assert!(before(86_400).ends_with(" (~ 24h ago)"));
        assert!(!before(100_000).contains("ago"));
    }
}
