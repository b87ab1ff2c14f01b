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

#[cfg(test)]
mod tests {
    use super::*;

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
