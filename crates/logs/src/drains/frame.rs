//! Log lines as drains get them (Heroku: log drains). Both forms count octets (RFC 6587); the one for HTTP has neither a host
//! name of its own nor structured data, so it is not quite RFC 5424, and receivers expect it like that.

use chrono::{DateTime, SecondsFormat, Utc};
use paas_model::{LogLine, LogSource};

/// `83 <40>1 2012-11-30T06:45:29.000000+00:00 d.TOKEN app web.3 - - Starting process…\n`
pub(super) fn syslog(line: &LogLine, token: &str) -> String {
    counted(&format!("{} {token} {} {} - - {}\n", head(line), line.source.as_str(), line.process, line.message))
}

/// `70 <174>1 2012-07-22T00:06:26.000000+00:00 host app web.1 - Hi\n`
pub(super) fn http(line: &LogLine) -> String {
    counted(&format!("{} host {} {} - {}\n", head(line), line.source.as_str(), line.process, line.message))
}

/// Heroku: error L10, output buffer overflow.
pub(super) fn overflow(dropped: i64, since: DateTime<Utc>, now: DateTime<Utc>) -> LogLine {
    let since = since.to_rfc3339_opts(SecondsFormat::Micros, false);
    LogLine {
        at: now,
        source: LogSource::Heroku,
        process: "logplex".to_owned(),
        message: format!("Error L10 (output buffer overflow): {dropped} messages dropped since {since}."),
    }
}

fn head(line: &LogLine) -> String {
    format!("<{}>1 {}", priority(line), line.at.to_rfc3339_opts(SecondsFormat::Micros, false))
}

/// Facility and severity, by who speaks.
fn priority(line: &LogLine) -> u8 {
    match (line.source, line.process.as_str()) {
        (LogSource::Heroku, "router") => 158,
        (LogSource::Heroku, "logplex") => 172,
        (LogSource::Heroku, _) => 134,
        (LogSource::App, "api") => 133,
        (LogSource::App, _) => 190,
    }
}

fn counted(frame: &str) -> String {
    format!("{} {frame}", frame.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(source: LogSource, process: &str, message: &str) -> LogLine {
        let at = DateTime::from_timestamp(1_670_271_980, 860_136_000).unwrap();
        LogLine { at, source, process: process.into(), message: message.into() }
    }

    #[test]
    fn an_empty_line_over_http_is_herokus_to_the_byte() {
        let frame = http(&line(LogSource::App, "dramatiqworker.2", ""));
        assert_eq!(frame, "69 <190>1 2022-12-05T20:26:20.860136+00:00 host app dramatiqworker.2 - \n");
    }

    #[test]
    fn syslog_names_the_drain_and_counts_bytes() {
        let frame = syslog(&line(LogSource::Heroku, "router", "at=info ü"), "d.34bcdd4f");
        let rest = "<158>1 2022-12-05T20:26:20.860136+00:00 d.34bcdd4f heroku router - - at=info ü\n";
        assert_eq!(frame, format!("{} {rest}", rest.len()));
        assert_eq!(rest.len(), rest.chars().count() + 1);
    }

    #[test]
    fn priorities_tell_who_speaks() {
        for (source, process, want) in [
            (LogSource::App, "web.1", 190),
            (LogSource::App, "api", 133),
            (LogSource::Heroku, "router", 158),
            (LogSource::Heroku, "web.1", 134),
            (LogSource::Heroku, "logplex", 172),
        ] {
            assert_eq!(priority(&line(source, process, "")), want, "{process}");
        }
    }

    #[test]
    fn an_overflow_says_how_many_and_since_when() {
        let since = DateTime::from_timestamp(1_366_225_486, 0).unwrap();
        assert_eq!(
            overflow(500, since, since).message,
            "Error L10 (output buffer overflow): 500 messages dropped since 2013-04-17T19:04:46.000000+00:00."
        );
    }
}
