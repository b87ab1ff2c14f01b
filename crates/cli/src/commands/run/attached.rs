use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    time::{Duration, Instant},
};

use paas_platform::{Client, Dyno};

use super::one_off::{OneOff, describe_terminal, label};
use crate::{
    context::Context,
    error::Error,
    rendezvous::{self, Ended},
    terminal::RawMode,
};

/// Run a command in a new dyno, attached to this terminal; ends with the command's exit status
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    one_off: OneOff,
    /// No terminal for the command: bytes pass as they are, and the end of standard input ends its input
    #[arg(long)]
    no_tty: bool,
    /// The status is always passed on; Heroku's CLI needs this flag
    #[arg(short = 'x', long, hide = true)]
    exit_code: bool,
}

/// How long the server may take to know a status after the output has ended.
const STATUS_WITHIN: Duration = Duration::from_secs(10);

impl Run {
    pub(crate) async fn run(self, context: &mut Context) -> Result<ExitCode, Error> {
        let (app, mut body) = self.one_off.prepare(context)?;
        // A pty would echo what is piped in, and change the ends of lines on the way out.
        let tty = !self.no_tty && io::stdin().is_terminal() && io::stdout().is_terminal();
        body.attach = Some(true);
        match tty {
            true => describe_terminal(&mut body.env.0, &context.environment),
            false => body.force_no_tty = Some(true),
        }
        let client = context.client()?;
        let action = context.printer.action(label(&body.command, &app));
        let dyno = client.create_dyno(&app, &body).await?;
        let url = dyno.attach_url.as_ref().ok_or_else(|| {
            Error::mistake(
                "The server started the dyno without a place to attach to.",
                format!("`paas logs -d {}`", dyno.name),
            )
        })?;
        let session = rendezvous::connect(url, context.ca_pem()?.as_deref()).await?;
        action.end(&format!("up, {}", dyno.name));

        let raw = if tty { RawMode::enter()? } else { None };
        let ended = rendezvous::pump(session, tty).await;
        // Before anything else is printed or can go wrong.
        drop(raw);
        match ended? {
            Ended::Closed => Ok(ExitCode::from(status(context, client, &app, &dyno).await?)),
            Ended::Signal(number) => Ok(ExitCode::from(128 + number)),
            Ended::Forced => {
                context.printer.warn(format!("Let go of {}; the server stops it.", dyno.name));
                Ok(ExitCode::from(130))
            }
        }
    }
}

/// The command's exit status. The output can end a moment before the server has it.
async fn status(context: &Context, client: &Client, app: &str, dyno: &Dyno) -> Result<u8, Error> {
    let id = dyno.id.to_string();
    let started = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        if let Some(code) = client.dyno(app, &id).await?.exit_code {
            return Ok(u8::try_from(code & 0xff).unwrap_or(1));
        }
        if started.elapsed() > STATUS_WITHIN {
            context
                .printer
                .warn(format!("The connection to {} ended, but the server knows no exit status.", dyno.name));
            context.printer.warn(format!("See: paas ps -a {app}; paas logs -a {app} -d {}", dyno.name));
            return Ok(1);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}
