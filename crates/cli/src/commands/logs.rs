use std::time::Duration;

use paas_platform::{Client, ClientError, Event, LogSession, LogSessionCreate};

use crate::{
    context::{AppArgs, Context},
    error::Error,
    log_line,
    printer::Printer,
};

/// Show the app's log
#[derive(Debug, clap::Args)]
pub(crate) struct Logs {
    /// How many past lines to show; at most 1500
    #[arg(short, long, visible_alias = "lines", value_name = "NUMBER", default_value_t = 100)]
    num: u64,
    /// Go on with new lines as they come
    #[arg(short, long)]
    tail: bool,
    /// Lines of this source alone: app or heroku
    #[arg(short, long, value_name = "SOURCE")]
    source: Option<String>,
    /// Lines of this dyno alone, such as web.1
    #[arg(short, long, visible_alias = "dyno-name", value_name = "DYNO", conflicts_with = "process_type")]
    dyno: Option<String>,
    /// Lines of this process type alone, such as web
    #[arg(short, long, visible_alias = "ps", value_name = "TYPE")]
    process_type: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Logs {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let session = client
            .create_log_session(
                &app,
                &LogSessionCreate {
                    // The server takes a type here too; that is what Heroku's CLI sends.
                    dyno: self.dyno.or(self.process_type),
                    lines: Some(self.num),
                    source: self.source,
                    tail: Some(self.tail),
                    ..LogSessionCreate::default()
                },
            )
            .await?;
        read(context, client, &session, self.tail).await
    }
}

/// Prints lines until the session is over. While tailing, a broken connection is taken up again where it broke.
async fn read(context: &Context, client: &Client, session: &LogSession, tail: bool) -> Result<(), Error> {
    let mut last_id: Option<String> = None;
    let mut pause = Duration::from_millis(250);
    loop {
        let opened = client.open_events(&session.logplex_url, last_id.as_deref()).await;
        let mut events = match opened {
            Err(error) if tail && last_id.is_some() && matches!(error.status(), Some(403 | 404)) => {
                return Err(Error::mistake(
                    "Log stream timed out. Please try again.",
                    "`paas logs --tail` opens a new one",
                ));
            }
            Err(ClientError::Connect { .. }) if tail && last_id.is_some() && pause < Duration::from_secs(16) => {
                tokio::time::sleep(pause).await;
                pause *= 2;
                continue;
            }
            other => other?,
        };
        loop {
            match events.next().await {
                Ok(Some(Event { id, data })) => {
                    print(context.printer, &data)?;
                    last_id = id.or(last_id);
                    pause = Duration::from_millis(250);
                }
                Ok(None) if !tail => return Ok(()),
                Err(error) if !tail => return Err(error.into()),
                Ok(None) | Err(_) => break,
            }
        }
        // Without ids there is no place to go on from, and lines would be printed twice.
        if last_id.is_none() {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
    }
}

/// In a pipe the lines are what the dynos printed, to the byte.
fn print(printer: Printer, lines: &str) -> Result<(), Error> {
    match printer.has_colors() {
        true => lines.lines().try_for_each(|line| printer.line(log_line::colored(line))),
        false => printer.plain(lines),
    }
}
