//! Sessions with the command line, as text. A line's first letter says what it is:
//!
//! ```text
//! $ heroku config:get GREETING     a line of shell, without a terminal and without input
//! % heroku login                   the same at a terminal
//! ~ heroku ps                      the same without one, until it does what is expected
//! > Password -> hunter2            once the terminal shows the left text, the right one is typed
//! | === {APP} Config Vars          standard output, line by line
//! ! Invalid credentials            somewhere in standard error, in this order; at a terminal, on it
//! = 2                              exit status, where it is not 0
//! # ...                            a remark
//! ```
//!
//! Blanks count once, and lines of nothing else not at all. `…` is any text, a line of nothing else any lines; `{NAME}` is any
//! text, and a variable of the lines of shell that follow.

use std::fmt;

#[derive(Debug)]
pub(super) struct Step {
    /// In its file, from 1.
    pub(super) number: usize,
    pub(super) kind: Kind,
    pub(super) line: String,
    pub(super) typed: Vec<(String, String)>,
    pub(super) stdout: Vec<String>,
    pub(super) stderr: Vec<String>,
    pub(super) status: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Terminal,
    Eventually,
}

pub(super) fn parse(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        let kind = match mark {
            "$" => Some(Kind::Plain),
            "%" => Some(Kind::Terminal),
            "~" => Some(Kind::Eventually),
            "" | "#" => continue,
            _ => None,
        };
        if let Some(kind) = kind {
            let line = rest.to_owned();
            let (typed, stdout, stderr) = (Vec::new(), Vec::new(), Vec::new());
            steps.push(Step { number, kind, line, typed, stdout, stderr, status: 0 });
            continue;
        }
        let step = steps.last_mut().unwrap_or_else(|| panic!("line {number} expects something of no command"));
        match mark {
            ">" => {
                let (shown, typed) = rest.split_once(" ->").expect("what is shown -> what is typed");
                step.typed.push((shown.to_owned(), typed.trim_start().to_owned()));
            }
            "|" => step.stdout.push(rest.to_owned()),
            "!" => step.stderr.push(rest.to_owned()),
            "=" => step.status = rest.parse().expect("a status is a number"),
            _ => panic!("line {number} begins with {mark:?}"),
        }
    }
    steps
}

impl Step {
    /// What stands after `heroku`; `None` for a line of other programs. To git that word is a remote.
    pub(super) fn command(&self) -> Option<&str> {
        if self.line.starts_with("git ") {
            return None;
        }
        let mut words = self.line.split_whitespace().skip_while(|word| *word != "heroku");
        words.nth(1)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.number, self.line)
    }
}
