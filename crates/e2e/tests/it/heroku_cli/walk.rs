//! Goes through transcripts with the real command line.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    expectation::{self, Variables},
    transcript::{self, Kind, Step},
};
use crate::harness::{Heroku, Ran, eventually, run, seconds};

/// For what is to come about by itself, and for a terminal's command to end.
const PATIENCE: Duration = seconds(180);
/// Between two tries of the same command.
const PAUSE: Duration = seconds(1);

/// How the commands of some transcripts went, by the name that the line of shell has for them.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) by_command: BTreeMap<String, Finding>,
    /// What was not as expected, whatever command it was.
    pub(super) failures: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Finding {
    /// It ended with 0 and said what was expected, at least once.
    pub(super) succeeded: bool,
    /// It did something else than was expected, at least once.
    pub(super) failed: bool,
}

/// One transcript's home, and what its lines know.
struct Walk<'a> {
    heroku: &'a Heroku<'a>,
    home: PathBuf,
    known: Variables,
}

/// Goes through a transcript to its end, whatever fails on the way.
pub(super) fn walk(heroku: &Heroku<'_>, transcript: &Path, known: Variables) -> Findings {
    let name = transcript.file_stem().expect("a transcript has a name").to_string_lossy();
    let text = fs::read_to_string(transcript).expect("the checkout can be read");
    let mut walk = Walk { heroku, home: heroku.home(&name), known };
    let mut findings = Findings::default();
    for step in transcript::parse(&text) {
        let started = Instant::now();
        let result = walk.step(&step);
        eprintln!(
            "{name} {step} ({:.1} s){}",
            started.elapsed().as_secs_f64(),
            if result.is_err() { " FAILED" } else { "" }
        );
        if let Some(command) = step.command() {
            let finding = findings.by_command.entry(command.to_owned()).or_default();
            finding.succeeded |= result.is_ok() && step.status == 0;
            finding.failed |= result.is_err();
        }
        findings.failures.extend(result.err().map(|failure| format!("{name}, {step}\n{failure}")));
    }
    findings
}

impl Walk<'_> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        let started = Instant::now();
        loop {
            let result = match step.kind {
                Kind::Terminal => self.at_terminal(step),
                Kind::Plain | Kind::Eventually => self.plainly(step),
            };
            if result.is_ok() || step.kind != Kind::Eventually || started.elapsed() > PATIENCE {
                return result;
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn plainly(&mut self, step: &Step) -> Result<(), String> {
        let ran = run(self.heroku.shell(&self.home, &step.line).envs(&self.known));
        let of = |what: &str| format!("{what}\n--- status {:?}\n{}--- stderr\n{}", ran.status, ran.stdout, ran.stderr);
        if ran.status != Some(step.status) {
            return Err(of(&format!("expected status {}", step.status)));
        }
        let found = expectation::lines(&step.stdout, &ran.stdout, &self.known);
        let found = found.ok_or_else(|| of("standard output is not as expected"))?;
        let texts = expectation::texts(&step.stderr, &ran.stderr, &self.known);
        texts.map_err(|text| of(&format!("standard error lacks {text:?}")))?;
        self.known.extend(found);
        Ok(())
    }

    fn at_terminal(&self, step: &Step) -> Result<(), String> {
        let mut command = self.heroku.terminal(&self.home, &step.line);
        let mut terminal = Terminal::start(command.envs(&self.known));
        for (shown, typed) in &step.typed {
            terminal.answer(shown, &expectation::expand(typed, &self.known));
        }
        let Ran { status, stdout, .. } = terminal.end();
        let of = |what: &str| format!("{what}\n--- status {status:?}\n{stdout}");
        if status != Some(step.status) {
            return Err(of(&format!("expected status {}", step.status)));
        }
        let texts = expectation::texts(&step.stderr, &stdout, &self.known);
        texts.map_err(|text| of(&format!("the terminal does not show {text:?}")))
    }
}

/// A program at a terminal, as somebody sees it who types.
struct Terminal {
    program: Child,
    shown: Arc<Mutex<Vec<u8>>>,
    /// Up to where a text was waited for.
    seen: usize,
}

impl Terminal {
    fn start(command: &mut Command) -> Self {
        let mut program = command.spawn().expect("bash can be run");
        let mut output = program.stdout.take().expect("it is piped");
        let shown = Arc::new(Mutex::new(Vec::new()));
        let screen = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                screen.lock().unwrap_or_else(PoisonError::into_inner).extend(&bytes[..length]);
            }
        });
        Self { program, shown, seen: 0 }
    }

    fn screen(&self) -> String {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&shown[self.seen.min(shown.len())..]).into_owned()
    }

    /// Types a line once the program asks for it. A program that ends instead is found out later.
    fn answer(&mut self, question: &str, line: &str) {
        let started = Instant::now();
        while !self.screen().contains(question) {
            if self.program.try_wait().is_ok_and(|status| status.is_some()) || started.elapsed() > PATIENCE {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.seen = self.shown.lock().unwrap_or_else(PoisonError::into_inner).len();
        let input = self.program.stdin.as_mut().expect("it is piped");
        // What is typed before the program reads keys one by one is lost with some.
        std::thread::sleep(Duration::from_secs(1));
        drop(write!(input, "{line}\r").and_then(|()| input.flush()));
    }

    fn end(mut self) -> Ran {
        let status = eventually("the program at the terminal ends", PATIENCE, || {
            self.program.try_wait().expect("it is our child").map(|status| status.code())
        });
        self.seen = 0;
        // The thread that reads may be a moment behind.
        std::thread::sleep(Duration::from_secs(1));
        Ran { command: String::new(), status, stdout: self.screen(), stderr: String::new() }
    }
}
