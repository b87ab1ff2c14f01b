use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Method, Version};
use paas_logs::Logs;
use paas_model::AppId;

use crate::{dyno::Dyno, errors::Failure, upstream::Received};

/// Where a client's connection came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    /// `tls1.3`; `None`: plain HTTP.
    pub(crate) tls: Option<&'static str>,
    pub(crate) port: u16,
    pub(crate) peer: std::net::IpAddr,
}

/// What is known of a request, for the one line in its app's log that is written when this is dropped. Dropped before an
/// outcome was set, it says that the client went away.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) logs: Logs,
    pub(crate) app: AppId,
    pub(crate) method: Method,
    /// With the query string.
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) request_id: String,
    /// The whole `X-Forwarded-For`.
    pub(crate) forwarded: String,
    pub(crate) version: Version,
    pub(crate) edge: Edge,
    pub(crate) dyno: Option<Arc<Dyno>>,
    pub(crate) connect: Option<Duration>,
    /// When the request was handed to the dyno.
    pub(crate) sent: Option<Instant>,
    pub(crate) received: Option<Received>,
    pub(crate) status: Option<u16>,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Running,
    Complete,
    Failed(Failure),
}

impl Access {
    /// Sets how it ended, if that is not known yet.
    pub(crate) fn end(&mut self, outcome: Outcome) {
        if self.outcome == Outcome::Running {
            self.outcome = outcome;
        }
    }

    /// Heroku's format (Heroku: HTTP routing, router logs, Router 2.0): unknown values are empty.
    fn line(&self) -> String {
        let entry = match self.outcome {
            Outcome::Complete => None,
            Outcome::Running => Some(Failure::ClientInterrupted.entry()),
            Outcome::Failed(failure) => Some(failure.entry()),
        };
        let mut line = String::with_capacity(320);
        if let Some(socket) = entry.and_then(|entry| entry.socket) {
            put(&mut line, format_args!("sock={socket} "));
        }
        put(&mut line, format_args!("at={}", entry.map_or("info", |entry| entry.level)));
        if let Some((code, description)) = entry.and_then(|entry| entry.code) {
            put(&mut line, format_args!(" code={code} desc=\"{description}\""));
        }
        let path = unquoted(&self.path);
        put(&mut line, format_args!(" method={} path=\"{path}\" host={}", self.method, self.host));
        put(&mut line, format_args!(" request_id={} fwd={}", self.request_id, self.forwarded()));
        put(&mut line, format_args!(" dyno={}", self.dyno.as_ref().map_or("", |dyno| &dyno.name)));
        put(
            &mut line,
            format_args!(" connect={} service={}", millis(self.connect), millis(self.sent.map(|at| at.elapsed()))),
        );
        let status = entry.map(|entry| entry.status).or(self.status).map(|status| status.to_string());
        let bytes = self.received.as_ref().map(|received| received.bytes().to_string());
        put(&mut line, format_args!(" status={} bytes={}", status.unwrap_or_default(), bytes.unwrap_or_default()));
        put(
            &mut line,
            format_args!(" protocol={}", if self.version == Version::HTTP_10 { "http1.0" } else { "http1.1" }),
        );
        match self.edge.tls {
            Some(version) => put(&mut line, format_args!(" tls=true tls_version={version}")),
            None => put(&mut line, format_args!(" tls=false")),
        }
        line
    }

    /// One address stands bare, a list in quotes.
    fn forwarded(&self) -> String {
        if self.forwarded.contains([',', ' ', '"', '=']) {
            format!("\"{}\"", unquoted(&self.forwarded))
        } else {
            self.forwarded.clone()
        }
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        self.logs.heroku_event(self.app, "router", self.line());
    }
}

fn put(line: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = line.write_fmt(arguments);
}

/// `18ms`, or nothing.
fn millis(duration: Option<Duration>) -> String {
    duration.map(|duration| format!("{}ms", duration.as_millis())).unwrap_or_default()
}

/// Without the character that would end a quoted value: what a client sends must not make up fields of its own.
fn unquoted(value: &str) -> String {
    value.replace('"', "%22")
}
