//! What `paasd up` tells whoever started it, on standard output.

use std::{fmt::Display, io::Write, time::Instant};

/// Prints `Starting PostgreSQL… done`, the first half before the work begins. Slow steps say how long they took.
///
/// # Errors
/// The step's own.
pub(crate) async fn step<T, E>(title: &str, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    say(format_args!("{title}… "));
    let started = Instant::now();
    let result = work.await;
    let seconds = started.elapsed().as_secs_f32();
    match &result {
        Ok(_) if seconds < 1.0 => say("done\n"),
        Ok(_) => say(format_args!("done ({seconds:.1} s)\n")),
        Err(_) => say("failed\n"),
    }
    result
}

/// One whole line.
pub(crate) fn line(text: impl Display) {
    say(format_args!("{text}\n"));
}

/// Nobody may be listening any more (`paasd up | head`); that is no reason to stop.
fn say(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}
