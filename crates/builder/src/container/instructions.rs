//! Where the instructions of a Dockerfile begin and end.
//!
//! Source: "Dockerfile reference"; the engine's parser (moby/buildkit, frontend/dockerfile/parser).

use std::{fmt, sync::LazyLock};

use regex::Regex;

/// The user's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub(super) struct Refusal {
    pub(super) line: usize,
    pub(super) why: String,
}

/// An instruction as it stands in the file.
pub(super) struct Source {
    pub line: usize,
    pub keyword: String,
    /// `--name=value`, in order.
    pub flags: Vec<(String, Option<String>)>,
    pub rest: String,
    /// Documents that follow it, each with the line that ends it.
    pub documents: String,
}

/// The directive, which stands before everything else.
pub(super) fn escapes_by_backtick(text: &str) -> bool {
    let directives =
        text.lines().map_while(|line| line.trim().strip_prefix('#')).filter_map(|line| line.split_once('='));
    let mut directives = directives.map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim()));
    directives.any(|(key, value)| key == "escape" && value == "`")
}

/// A place where a document begins, as in a shell; and, with no name that is one here, as the engine might see it.
pub(super) fn opens_document() -> &'static Regex {
    static OPENS: LazyLock<Regex> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "a constant, which the tests compile")]
        Regex::new(
            r#"(?:^|[ \t])[0-9]*<<(?P<indented>-?)(?:"(?P<a>[A-Za-z_]\w*)"|'(?P<b>[A-Za-z_]\w*)'|(?P<c>[A-Za-z_]\w*)|(?P<odd>[^< \t]))"#,
        )
        .expect("it is a regular expression")
    });
    &OPENS
}

/// The instructions, each joined into one line.
pub(super) fn sources(text: &str, escape: char) -> Result<Vec<Source>, Refusal> {
    let mut lines = text.lines().map(|line| line.strip_suffix('\r').unwrap_or(line)).enumerate();
    let mut sources = Vec::new();
    while let Some((number, first)) = lines.next() {
        let number = number + 1;
        if is_comment(first) || first.trim().is_empty() {
            continue;
        }
        let (mut joined, mut goes_on) = part(first.trim_start(), escape);
        while goes_on {
            let Some((_, next)) = lines.next() else { break };
            // Both may stand between the parts of one.
            if is_comment(next) || next.trim().is_empty() {
                continue;
            }
            let (more, still) = part(next, escape);
            joined.push_str(&more);
            goes_on = still;
        }
        let mut source = source(number, &joined, escape)?;
        if matches!(source.keyword.as_str(), "RUN" | "COPY" | "ADD") && !is_json(&source.rest) {
            for opened in opens_document().captures_iter(&source.rest) {
                let is_indented = !opened["indented"].is_empty();
                let Some(end) = ["a", "b", "c"].into_iter().find_map(|name| opened.name(name)) else {
                    return Err(refused(number, "what follows << is no name: letters, digits and _"));
                };
                loop {
                    let Some((_, line)) = lines.next() else {
                        let end = end.as_str();
                        return Err(refused(number, format!("its document has no end: a line with {end} alone")));
                    };
                    if !source.documents.is_empty() {
                        source.documents.push('\n');
                    }
                    source.documents.push_str(line);
                    if line == end.as_str() || is_indented && line.trim_start_matches('\t') == end.as_str() {
                        break;
                    }
                }
            }
        }
        sources.push(source);
    }
    Ok(sources)
}

/// The form in which words are given one by one.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<Vec<String>>(text).is_ok()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// A line without the sign that the next one belongs to it, and whether it had it.
fn part(line: &str, escape: char) -> (String, bool) {
    let trimmed = line.trim_end_matches([' ', '\t']);
    match trimmed.strip_suffix(escape) {
        // Two of them are one of the text's own.
        Some(part) if !part.ends_with(escape) => (part.to_owned(), true),
        _ => (line.to_owned(), false),
    }
}

fn source(line: usize, joined: &str, escape: char) -> Result<Source, Refusal> {
    let joined = joined.trim();
    // On a line of its own it would take in the instruction after it.
    if part(joined, escape).1 {
        return Err(refused(line, format!("it ends with {escape}, and nothing follows that it could join")));
    }
    if joined.contains(|c: char| c.is_control() && c != '\t') {
        return Err(refused(line, "it has control characters"));
    }
    let (keyword, mut rest) = joined.split_once([' ', '\t']).unwrap_or((joined, ""));
    let mut flags = Vec::new();
    loop {
        rest = rest.trim_start();
        let Some(flag) = rest.strip_prefix("--") else { break };
        let (flag, after) = flag.split_once([' ', '\t']).unwrap_or((flag, ""));
        if flag.is_empty() || flag.contains(['"', '\'', '\\', '`']) {
            return Err(refused(line, format!("--{flag} is no option")));
        }
        let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value.to_owned())));
        flags.push((name.to_ascii_lowercase(), value));
        rest = after;
    }
    Ok(Source {
        line,
        keyword: keyword.to_ascii_uppercase(),
        flags,
        rest: rest.trim_end().to_owned(),
        documents: String::new(),
    })
}

pub(super) fn refused(line: usize, why: impl fmt::Display) -> Refusal {
    Refusal { line, why: why.to_string() }
}
