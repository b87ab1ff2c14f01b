//! Words as a POSIX shell writes and reads them.

/// As it is where that is safe, else in single quotes.
pub(crate) fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&byte);
    match !text.is_empty() && text.bytes().all(plain) {
        true => text.to_owned(),
        false => quote_always(text),
    }
}

pub(crate) fn quote_always(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `KEY=value` lines, values quoted as in a shell; they may run over several lines. Blank lines, `# comments` and a
/// leading `export` are skipped. Nothing is expanded: `$` and backticks stand for themselves.
///
/// # Errors
/// The number of the line, and what is wrong with it.
pub(crate) fn parse_assignments(text: &str) -> Result<Vec<(String, String)>, (usize, &'static str)> {
    let mut found = Vec::new();
    let mut rest = text;
    let line_of = |rest: &str| text[..text.len() - rest.len()].matches('\n').count() + 1;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(found);
        }
        if rest.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
            continue;
        }
        rest = rest.strip_prefix("export ").map_or(rest, str::trim_start);
        let line = line_of(rest);
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let Some(value_text) = after.strip_prefix('=').filter(|_| !key.is_empty()) else {
            return Err((line, "it is not KEY=value"));
        };
        let (value, after) = word(value_text).ok_or((line, "its quote is never closed"))?;
        let blank = after.split_once('\n').map_or(after, |(line, _)| line).trim_start();
        if !blank.is_empty() && !blank.starts_with('#') {
            return Err((line, "a value with blanks must be in quotes"));
        }
        found.push((key.to_owned(), value));
        rest = after;
        if blank.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
    }
}

/// One shell word at the start of `text`, without its quotes, and what follows it. `None`: a quote is left open.
fn word(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let Some(first) = rest.chars().next().filter(|c| !c.is_whitespace()) else { return Some((value, rest)) };
        rest = &rest[first.len_utf8()..];
        match first {
            '\'' => {
                let (quoted, after) = rest.split_once('\'')?;
                value.push_str(quoted);
                rest = after;
            }
            '"' => loop {
                let next = rest.chars().next()?;
                rest = &rest[next.len_utf8()..];
                match next {
                    '"' => break,
                    '\\' => {
                        let escaped = rest.chars().next()?;
                        rest = &rest[escaped.len_utf8()..];
                        if !"\"\\$`".contains(escaped) {
                            value.push('\\');
                        }
                        value.push(escaped);
                    }
                    other => value.push(other),
                }
            },
            '\\' => {
                let escaped = rest.chars().next()?;
                rest = &rest[escaped.len_utf8()..];
                value.push(escaped);
            }
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn values_survive_the_way_there_and_back() {
        let vars = pairs(&[
            ("EMPTY", ""),
            ("PLAIN", "postgres://u:p@h/db"),
            ("QUOTES", r#"it's "quoted" \ and $HOME `x`"#),
            ("KEY", "-----BEGIN-----\nabc\n\n# no comment\nB=2\n-----END-----\n"),
            ("UNICODE", "naïve ⬢"),
        ]);
        let text: String = vars.iter().map(|(key, value)| format!("{key}={}\n", quote(value))).collect();
        assert_eq!(parse_assignments(&text), Ok(vars));
    }

    #[test]
    fn what_people_write_by_hand_is_read() {
        let text = "# mine\n\nexport A=1 # why\n  B=\"x \\\"y\\\" \\n\"\nC=a' b'\\ c\nD=";
        assert_eq!(parse_assignments(text), Ok(pairs(&[("A", "1"), ("B", "x \"y\" \\n"), ("C", "a b c"), ("D", "")])));
    }

    #[test]
    fn mistakes_name_their_line() {
        assert_eq!(parse_assignments("A=1\nnonsense\n"), Err((2, "it is not KEY=value")));
        assert_eq!(parse_assignments("A=1\nB='x\n\n"), Err((2, "its quote is never closed")));
        assert_eq!(parse_assignments("A=b c"), Err((1, "a value with blanks must be in quotes")));
        assert_eq!(parse_assignments("=b"), Err((1, "it is not KEY=value")));
    }
}
