//! Whether a program has said what a transcript expects.

use std::collections::BTreeMap;

/// What the parts `{NAME}` of a transcript stood for.
pub(super) type Variables = BTreeMap<String, String>;

/// A piece of an expected line.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// Any text; with a name, it is kept, and is not empty.
    Any(Option<String>),
}

/// Checks all of standard output, line by line: what the names in it stand for, or nothing.
pub(super) fn lines(expected: &[String], output: &str, known: &Variables) -> Option<Variables> {
    let output: Vec<String> = output.lines().map(plain).filter(|line| !line.is_empty()).collect();
    let expected: Vec<String> = expected.iter().map(|line| plain(&expand(line, known))).collect();
    match_lines(&expected, &output)
}

/// Checks that texts stand in it, one after the other: the first that does not.
pub(super) fn texts<'a>(expected: &'a [String], output: &str, known: &Variables) -> Result<(), &'a str> {
    let output = plain(output);
    let mut rest = output.as_str();
    for line in expected {
        for text in plain(&expand(line, known)).split('…') {
            let found = rest.find(text.trim()).ok_or(line.as_str())?;
            rest = &rest[found + text.trim().len()..];
        }
    }
    Ok(())
}

/// `$NAME` is what the name stands for.
pub(super) fn expand(line: &str, known: &Variables) -> String {
    // The longest first: a name may begin as another does.
    let mut names: Vec<_> = known.iter().collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    names.into_iter().fold(line.to_owned(), |line, (name, value)| line.replace(&format!("${name}"), value))
}

/// Without colours, the bar at the edge of errors, the sign of an app, and blanks that only align.
fn plain(text: &str) -> String {
    let mut letters = text.chars();
    let mut kept = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => {
                // `ESC [ 31 m`
                let _ = letters.by_ref().skip(1).find(char::is_ascii_alphabetic);
            }
            '›' | '⬢' | '\r' => kept.push(' '),
            other => kept.push(other),
        }
    }
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn match_lines(expected: &[String], output: &[String]) -> Option<Variables> {
    let Some((first, expected)) = expected.split_first() else {
        return output.is_empty().then(Variables::new);
    };
    if first == "…" {
        return (0..=output.len()).find_map(|skipped| match_lines(expected, &output[skipped..]));
    }
    let (line, output) = output.split_first()?;
    let found = match_pieces(&pieces(first), line)?;
    let mut variables = match_lines(expected, output)?;
    variables.extend(found);
    Some(variables)
}

fn match_pieces(pieces: &[Piece], line: &str) -> Option<Variables> {
    match pieces.split_first() {
        None => line.is_empty().then(Variables::new),
        Some((Piece::Text(text), pieces)) => match_pieces(pieces, line.strip_prefix(text.as_str())?),
        Some((Piece::Any(name), pieces)) => {
            let from = usize::from(name.is_some());
            let mut ends = line.char_indices().map(|(at, _)| at).chain([line.len()]).skip(from);
            ends.find_map(|end| {
                let mut variables = match_pieces(pieces, &line[end..])?;
                variables.extend(name.clone().map(|name| (name, line[..end].to_owned())));
                Some(variables)
            })
        }
    }
}

fn pieces(line: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = line;
    while let Some(letter) = rest.chars().next() {
        let name = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
        let name = name.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
        let length = match (letter, name) {
            ('…', _) => letter.len_utf8(),
            (_, Some(name)) => name.len() + 2,
            _ => {
                text.push(letter);
                rest = &rest[letter.len_utf8()..];
                continue;
            }
        };
        pieces.extend((!text.is_empty()).then(|| Piece::Text(std::mem::take(&mut text))));
        pieces.push(Piece::Any(name.map(str::to_owned)));
        rest = &rest[length..];
    }
    pieces.extend((!text.is_empty()).then_some(Piece::Text(text)));
    pieces
}

#[test]
fn expectations_hold_what_they_say() {
    let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let known = Variables::from([("APP".to_owned(), "demo".to_owned())]);
    let output = "=== ⬢ demo\n\nID:   42-1\nmore\nand more\nend\n";
    let found = lines(&owned(&["=== $APP", "ID: {ID}-1", "…", "end"]), output, &known).unwrap();
    assert_eq!(found["ID"], "42");
    for wrong in [&["=== demo"][..], &["…", "and"], &["=== demo", "…", "end", "more"], &[]] {
        assert_eq!(lines(&owned(wrong), output, &known), None, "{wrong:?}");
    }
    let error = " \u{1b}[31m›\u{1b}[0m   Error: one\n ›   two three";
    assert_eq!(texts(&owned(&["Error: one two", "three"]), error, &known), Ok(()));
    assert_eq!(texts(&owned(&["three", "Error"]), error, &known), Err("Error"));
    assert_eq!(texts(&owned(&["one … three"]), error, &known), Ok(()));
}
