use std::io::{self, BufRead, IsTerminal, Write};

use comfy_table::{Table, presets};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::error::Error;

/// All that paas prints. Data goes to stdout; progress, warnings and errors to stderr. Colours are taken out again by
/// anstream where they are not wanted, and nothing is told by colour alone.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Printer;

/// A step that takes a while: `Creating ⬢ app... ` until it is [`Action::done`], or `!` if it never is.
#[derive(Debug)]
#[must_use]
pub(crate) struct Action {
    over: bool,
}

impl Printer {
    /// A line of text for people. In a pipe, colours and other escape sequences are taken out of it.
    ///
    /// # Errors
    /// [`Error::Output`], as all that writes to stdout: its reader may have gone.
    pub(crate) fn line(self, text: impl AsRef<str>) -> Result<(), Error> {
        writeln!(anstream::stdout().lock(), "{}", text.as_ref())?;
        Ok(())
    }

    /// A line for programs, such as a value that must arrive as it is.
    pub(crate) fn plain(self, text: impl AsRef<str>) -> Result<(), Error> {
        writeln!(io::stdout().lock(), "{}", text.as_ref())?;
        Ok(())
    }

    /// Whether [`Self::line`] leaves colours in.
    pub(crate) fn has_colors(self) -> bool {
        anstream::stdout().current_choice() != anstream::ColorChoice::Never
    }

    /// Bytes as they are.
    pub(crate) fn raw(self, bytes: &[u8]) -> Result<(), Error> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()?;
        Ok(())
    }

    /// `=== text` and an empty line.
    pub(crate) fn header(self, text: impl AsRef<str>) -> Result<(), Error> {
        self.line(format!("{} {}\n", "===".dimmed(), text.as_ref().bold()))
    }

    /// `key:  value` lines, values aligned. Values of several lines are indented.
    pub(crate) fn object<K: AsRef<str>, V: AsRef<str>>(self, fields: &[(K, V)]) -> Result<(), Error> {
        let width = fields.iter().map(|(key, _)| key.as_ref().chars().count()).max().unwrap_or(0) + 1;
        for (key, value) in fields {
            let (key, label) = (key.as_ref(), format!("{}:", key.as_ref()));
            debug_assert!(key.len() < label.len());
            let value = value.as_ref().replace('\n', &format!("\n{}", " ".repeat(width + 1)));
            self.line(format!("{} {value}", format!("{label:width$}").cyan()))?;
        }
        Ok(())
    }

    /// Columns two blanks apart, without a heading.
    pub(crate) fn rows<R: IntoIterator<Item = String>>(self, rows: impl IntoIterator<Item = R>) -> Result<(), Error> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).add_rows(rows);
        table.column_iter_mut().for_each(|column| {
            column.set_padding((0, 2));
        });
        self.line(table.trim_fmt())
    }

    /// Columns two blanks apart, under a heading.
    pub(crate) fn table<const N: usize>(
        self,
        heading: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> Result<(), Error> {
        // Without colours: they would count as width.
        self.rows(std::iter::once(heading.map(str::to_owned)).chain(rows))
    }

    pub(crate) fn json(self, value: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
        self.plain(text)
    }

    /// A line beside the data.
    pub(crate) fn note(self, text: impl AsRef<str>) {
        to_stderr(&format!("{}\n", text.as_ref()));
    }

    pub(crate) fn warn(self, text: impl AsRef<str>) {
        to_stderr(&marked(text.as_ref(), &format!("{}", "▸".yellow())));
    }

    /// What happened, why, and what to do next.
    pub(crate) fn error(self, error: &Error) {
        let mut text = error.to_string();
        if let Some(cause) = error.cause() {
            text.push_str(&format!("\n({cause})"));
        }
        if let Some(hint) = error.hint() {
            text.push_str(&format!("\nhint: {hint}"));
        }
        self.failure(&text);
    }

    pub(crate) fn failure(self, text: &str) {
        to_stderr(&marked(text, &format!("{}", "▸".red())));
    }

    pub(crate) fn action(self, text: impl AsRef<str>) -> Action {
        to_stderr(&format!("{}... ", text.as_ref()));
        Action { over: false }
    }

    /// The text and then one line from stdin, without its newline. `None`: stdin is at its end.
    pub(crate) fn ask(self, question: &str) -> Result<Option<String>, Error> {
        to_stderr(question);
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Whether someone sits there who can answer.
    pub(crate) fn can_ask(self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}

impl Action {
    /// How far it is, on the same line.
    pub(crate) fn note(&self, text: &str) {
        debug_assert!(!self.over);
        to_stderr(text);
    }

    pub(crate) fn done(self) {
        self.end(&format!("{}", "done".green()));
    }

    /// `done, v12`.
    pub(crate) fn done_with(self, text: impl AsRef<str>) {
        let text = format!("{}, {}", "done".green(), text.as_ref());
        self.end(&text);
    }

    /// Other last words than `done`.
    pub(crate) fn end(mut self, text: &str) {
        self.over = true;
        to_stderr(&format!("{text}\n"));
    }
}

impl Drop for Action {
    fn drop(&mut self) {
        if !self.over {
            to_stderr(&format!("{}\n", "!".red()));
        }
    }
}

/// `⬢ name`.
pub(crate) fn app(name: &str) -> String {
    format!("{}", format!("⬢ {name}").magenta())
}

/// A name in a list, where the sign would be noise.
pub(crate) fn app_in_list(name: &str) -> String {
    format!("{}", name.magenta())
}

/// Somebody's e-mail address.
pub(crate) fn user(email: &str) -> String {
    format!("{}", email.cyan())
}

/// Something to type, or to open.
pub(crate) fn command(text: &str) -> String {
    format!("{}", text.cyan())
}

/// Each line behind ` ▸    `, as Heroku's CLI shows warnings and errors.
fn marked(text: &str, mark: &str) -> String {
    text.lines().map(|line| format!(" {mark}    {line}").trim_end().to_owned() + "\n").collect()
}

/// Nobody can be told that stderr is gone.
fn to_stderr(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
