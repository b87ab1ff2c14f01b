use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// Everything that can keep a request from a complete answer of its app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    NoSuchApp,
    BadRequest,
    ExpectationFailed,
    /// H10
    AppCrashed,
    /// H11
    BacklogTooDeep,
    /// H12
    RequestTimeout,
    /// H13
    ClosedWithoutResponse,
    /// H14
    NoWebProcesses,
    /// H15
    IdleConnection,
    /// H17
    MalformedResponse,
    /// H18
    ResponseInterrupted,
    /// H19
    ConnectTimeout,
    /// H20
    BootTimeout,
    /// H21
    ConnectRefused,
    /// H27
    ClientInterrupted,
    /// H28
    ClientIdle,
    /// H80
    Maintenance,
    /// H81
    BlankApp,
    /// H99
    Platform,
}

/// How a failure reads in the log (Heroku: error codes).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Whose end of the connection it was, where Heroku says so.
    pub(crate) socket: Option<&'static str>,
    pub(crate) level: &'static str,
    /// Code and description; `None` for what Heroku gives no code.
    pub(crate) code: Option<(&'static str, &'static str)>,
    pub(crate) status: u16,
}

impl Failure {
    #[rustfmt::skip]
    pub(crate) const fn entry(self) -> Entry {
        let (socket, level, code, status) = match self {
            Self::NoSuchApp => (None, "info", None, 404),
            Self::BadRequest => (None, "info", None, 400),
            Self::ExpectationFailed => (None, "info", None, 417),
            Self::AppCrashed => (None, "error", Some(("H10", "App crashed")), 503),
            Self::BacklogTooDeep => (None, "error", Some(("H11", "Backlog too deep")), 503),
            Self::RequestTimeout => (None, "error", Some(("H12", "Request timeout")), 503),
            Self::ClosedWithoutResponse => (None, "error", Some(("H13", "Connection closed without response")), 503),
            Self::NoWebProcesses => (None, "error", Some(("H14", "No web processes running")), 503),
            Self::IdleConnection => (None, "error", Some(("H15", "Idle connection")), 503),
            Self::MalformedResponse => (None, "error", Some(("H17", "Poorly formatted HTTP response")), 503),
            Self::ResponseInterrupted => (Some("backend"), "error", Some(("H18", "Server Request Interrupted")), 503),
            Self::ConnectTimeout => (None, "error", Some(("H19", "Backend connection timeout")), 503),
            Self::BootTimeout => (None, "error", Some(("H20", "App boot timeout")), 503),
            Self::ConnectRefused => (None, "error", Some(("H21", "Backend connection refused")), 503),
            Self::ClientInterrupted => (Some("client"), "warning", Some(("H27", "Client Request Interrupted")), 499),
            Self::ClientIdle => (Some("client"), "warning", Some(("H28", "Client Connection Idle")), 499),
            Self::Maintenance => (None, "info", Some(("H80", "Maintenance mode")), 503),
            // 502 is what Heroku answers; its documentation says 503.
            Self::BlankApp => (None, "info", Some(("H81", "Blank app")), 502),
            Self::Platform => (None, "error", Some(("H99", "Platform error")), 503),
        };
        Entry { socket, level, code, status }
    }

    /// The answer to the client; `None`: there is nobody to answer, close the connection.
    pub(crate) fn response(self) -> Option<Response<Bytes>> {
        let status = StatusCode::from_u16(self.entry().status).ok()?;
        let (title, text) = match self {
            Self::ClientInterrupted | Self::ClientIdle => return None,
            Self::NoSuchApp => (
                "No such app",
                "There is no app configured at that hostname.<br>\
                 Perhaps the app owner has renamed it, or you mistyped the URL.",
            ),
            Self::BadRequest => ("Bad request", "The request was malformed, and was not passed on to the application."),
            Self::ExpectationFailed => {
                ("Expectation failed", "<code>100-continue</code> is all that can be expected here.")
            }
            Self::Maintenance => (
                "Offline for Maintenance",
                "This application is undergoing maintenance right now.<br>Please check back later.",
            ),
            Self::BlankApp => {
                ("There's nothing here, yet.", "Build something amazing: nothing has been deployed to this app.")
            }
            _ => (
                "Application error",
                "An error occurred in the application and your page could not be served. If you are the application owner, \
                 check your logs for details. You can do this with the command <code>paas logs --tail</code>.",
            ),
        };
        let mut response = Response::new(Bytes::from(page(title, text)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
        Some(response)
    }
}

/// A page that needs nothing else: no script, no style sheet, no image.
fn page(title: &str, text: &str) -> String {
    format!(
        "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>{title}</title>
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f7f8fb; color: #3f3f44; \
font: 17px/1.6 system-ui, sans-serif }}
main {{ max-width: 32rem; padding: 2rem; text-align: center }}
h1 {{ font-size: 1.6rem }}
</style>
</head>
<body><main><h1>{title}</h1><p>{text}</p></main></body>
</html>
"
    )
}
