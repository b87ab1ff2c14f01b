use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    time::{Duration, Instant},
};

use paas_platform::{Client, HostShell, HostShellCreate};

use crate::{
    context::Context,
    error::Error,
    rendezvous::{self, Ended},
    terminal::RawMode,
};

/// How long the server may take to know a status after the output has ended.
const STATUS_WITHIN: Duration = Duration::from_secs(10);

/// A root shell on the host, attached to this terminal. Ends with the shell's status.
pub(super) async fn run(context: &Context, host: &str, command: &[String]) -> Result<ExitCode, Error> {
    // A pty would echo what is piped in, and change the ends of lines on the way out.
    let tty = io::stdin().is_terminal() && io::stdout().is_terminal();
    // As ssh does: the words are joined, and a shell reads the line.
    let command = match command {
        [] => Vec::new(),
        words => vec!["/bin/sh".to_owned(), "-c".to_owned(), words.join(" ")],
    };
    let client = context.client()?;
    let action = context.printer.action(format!("Opening a root shell on {host}"));
    let shell = client.create_host_shell(host, &HostShellCreate { command, tty: Some(tty) }).await?;
    let url = shell.attach_url.as_ref().ok_or_else(|| {
        Error::mistake("The server opened a shell without a place to attach to.", "is it of this version?")
    })?;
    let session = rendezvous::connect(url, context.ca_pem()?.as_deref()).await?;
    action.end("connected");
    let raw = if tty { RawMode::enter()? } else { None };
    let ended = rendezvous::pump(session, tty).await;
    // Before anything else is printed or can go wrong.
    drop(raw);
    match ended? {
        Ended::Closed => status(context, client, host, &shell).await,
        Ended::Signal(number) => Ok(ExitCode::from(128 + number)),
        Ended::Forced => Ok(ExitCode::from(130)),
    }
}

/// The output can end a moment before the server has the status.
async fn status(context: &Context, client: &Client, host: &str, shell: &HostShell) -> Result<ExitCode, Error> {
    let (id, started) = (shell.id.to_string(), Instant::now());
    let mut pause = Duration::from_millis(20);
    loop {
        let now = client.host_shell(host, &id).await?;
        if let Some(code) = now.exit_code {
            return Ok(ExitCode::from(u8::try_from(code & 0xff).unwrap_or(1)));
        }
        if now.ended_at.is_some() || started.elapsed() > STATUS_WITHIN {
            context.printer.warn("The connection ended, but the server knows no exit status.");
            return Ok(ExitCode::FAILURE);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}
