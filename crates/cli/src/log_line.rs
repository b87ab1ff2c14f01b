use std::borrow::Cow;

use owo_colors::{AnsiColors, OwoColorize};

/// A line of an app's log with its `time source[dyno]:` in the dyno's own colour. Another line stays as it is.
///
/// The colour is taken from the process type, so that it is the same in every run; the text never changes.
pub(crate) fn colored(line: &str) -> Cow<'_, str> {
    let Some(end) = line.find("]:") else { return Cow::Borrowed(line) };
    let (head, message) = line.split_at(end + 2);
    let Some((_, process)) = head.trim_end_matches("]:").rsplit_once('[') else { return Cow::Borrowed(line) };
    let kind = process.split('.').next().unwrap_or(process);
    let head = head.color(color_of(kind));
    Cow::Owned(match kind {
        "router" => format!("{head}{}", router(message)),
        _ if is_failure(message) => format!("{head}{}", message.red()),
        _ => format!("{head}{message}"),
    })
}

fn color_of(kind: &str) -> AnsiColors {
    const PALETTE: [AnsiColors; 5] =
        [AnsiColors::Yellow, AnsiColors::Green, AnsiColors::Cyan, AnsiColors::Magenta, AnsiColors::Blue];
    match kind {
        "web" => AnsiColors::Cyan,
        "router" => AnsiColors::Magenta,
        "api" => AnsiColors::Blue,
        other => PALETTE[other.bytes().map(usize::from).sum::<usize>() % PALETTE.len()],
    }
}

/// `status=500` and `code=H12` stand out.
fn router(message: &str) -> String {
    let mark = |word: &str| match word.split_once('=') {
        Some(("status", status)) if status.starts_with('5') => format!("{}", word.red()),
        Some(("status", status)) if status.starts_with('4') => format!("{}", word.yellow()),
        Some(("code", _)) => format!("{}", word.red()),
        Some(("at", "error")) => format!("{}", word.red()),
        _ => word.to_owned(),
    };
    message.split(' ').map(mark).collect::<Vec<_>>().join(" ")
}

/// `Error R10 (Boot timeout) -> …`, `Build failed`, a crash.
fn is_failure(message: &str) -> bool {
    let message = message.trim_start();
    message.starts_with("Error R") || message.starts_with("Build failed") || message.ends_with("to crashed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_its_colours_a_line_is_what_it_was() {
        for line in [
            "2026-01-01T00:00:00.000000+00:00 app[web.1]: hello [x]: y",
            r#"2026-01-01T00:00:00.000000+00:00 heroku[router]: at=error code=H12 path="/ a" status=503"#,
            "2026-01-01T00:00:00.000000+00:00 heroku[web.1]: State changed from up to crashed",
            "no log line",
            "]: ",
            "",
        ] {
            assert_eq!(anstream::adapter::strip_str(&colored(line)).to_string(), line);
        }
    }

    #[test]
    fn the_dyno_has_a_colour() {
        assert_eq!(colored("t app[web.1]: x"), "\u{1b}[36mt app[web.1]:\u{1b}[39m x");
    }
}
