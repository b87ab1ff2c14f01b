use std::{
    future::ready,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use paas_control::{OpError, ops};
use paas_db::{
    log_lines::{Filter, StoredLine},
    log_sessions::LogSession,
};
use paas_logs::{HISTORY, LogsError};
use paas_model::LogSource;
use secrecy::SecretString;

use crate::{
    body::Segment,
    error::{ApiError, causes},
    state::Web,
};

type Lines = BoxStream<'static, Result<StoredLine, LogsError>>;

/// Lines that were written before the request are shown by it, if they can be stored within this.
const STORE_WITHIN: Duration = Duration::from_secs(1);

/// What a log session shows: server-sent events for those who accept them (Heroku's CLI), else lines of text.
pub(super) async fn logs(
    State(web): State<Web>,
    Segment(secret): Segment,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let session = ops::log_sessions::open(&web.control, &SecretString::from(secret)).await?;
    let lines = lines(&web, &session, last_seen(&headers)).await?;
    let format = if wants_events(&headers) { Format::Events } else { Format::Text };
    let pieces = pieces(web, session, lines, format);
    let mut response = Body::from_stream(pieces).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    Ok(response)
}

/// `after`: a reader that comes back after a break names the last line that it got, and gets all later ones that are
/// still kept, however many it asked for at first.
async fn lines(web: &Web, session: &LogSession, after: Option<i64>) -> Result<Lines, ApiError> {
    let logs = &web.control.logs;
    let filter =
        Filter { source: session.source.as_deref().and_then(LogSource::parse), process: session.process.clone() };
    let wanted = if after.is_some() { HISTORY } else { usize::try_from(session.lines).unwrap_or(0) };
    // Late lines are no reason to show none.
    let _ = tokio::time::timeout(STORE_WITHIN, logs.flush()).await;
    let lines = match session.tail {
        true => logs.tail(session.app_id, filter, wanted).boxed(),
        false => {
            let stored = logs.read(session.app_id, &filter, wanted).await.map_err(OpError::from)?;
            stream::iter(stored.into_iter().map(Ok)).boxed()
        }
    };
    Ok(lines.try_filter(move |line| ready(after.is_none_or(|after| line.seq > after))).boxed())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Events,
    Text,
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    fn line(self, stored: &StoredLine) -> Bytes {
        let text = stored.line.to_string();
        Bytes::from(match self {
            Self::Text => format!("{text}\n"),
            Self::Events => {
                // A carriage return would end the line as well.
                let data: String = text.split(['\r', '\n']).map(|part| format!("data: {part}\n")).collect();
                format!("id: {}\n{data}\n", stored.seq)
            }
        })
    }

    /// Shows that the connection lives and means nothing. Text has no such thing.
    const fn keep_alive(self) -> Bytes {
        match self {
            Self::Events => Bytes::from_static(b":\n\n"),
            Self::Text => Bytes::new(),
        }
    }
}

/// Ends with the lines, or when the app is gone, or is not its reader's any more.
fn pieces(
    web: Web,
    session: LogSession,
    lines: Lines,
    format: Format,
) -> impl Stream<Item = Result<Bytes, LogsError>> + Send + 'static {
    stream::unfold((web, lines, Instant::now()), move |(web, mut lines, mut checked)| {
        let session = session.clone();
        async move {
            loop {
                let next = tokio::time::timeout(web.config.keep_alive, lines.next()).await;
                if checked.elapsed() >= web.config.keep_alive {
                    if let Ok(false) = ops::log_sessions::is_readable(&web.control, &session).await {
                        return None;
                    }
                    checked = Instant::now();
                }
                match next {
                    Ok(Some(Ok(line))) => return Some((Ok(format.line(&line)), (web, lines, checked))),
                    Ok(Some(Err(error))) => {
                        tracing::warn!(error = causes(&error), "a log stream broke off");
                        return Some((Err(error), (web, lines, checked)));
                    }
                    Ok(None) => return None,
                    Err(_silence) => {
                        let sign = format.keep_alive();
                        if !sign.is_empty() {
                            return Some((Ok(sign), (web, lines, checked)));
                        }
                    }
                }
            }
        }
    })
}

fn last_seen(headers: &HeaderMap) -> Option<i64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split([',', ';'])).any(|part| part.trim() == "text/event-stream")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use paas_model::LogLine;

    use super::*;

    #[test]
    fn a_line_with_a_carriage_return_is_one_event() {
        let at = DateTime::from_timestamp(0, 0).unwrap();
        let line = LogLine { at, source: LogSource::App, process: "web.1".into(), message: "10%\r20%".into() };
        let event = Format::Events.line(&StoredLine { seq: 7, line });
        assert_eq!(event, "id: 7\ndata: 1970-01-01T00:00:00.000000+00:00 app[web.1]: 10%\ndata: 20%\n\n");
    }
}
