use insta::assert_snapshot;

use crate::{
    fixtures::log_session,
    sandbox::Sandbox,
    server::{Answer, Server},
};

const EVENTS: &str = "id: 1\ndata: 2026-01-01T00:00:00.000000+00:00 heroku[web.1]: State changed from starting to up\n\n\
                      : keep-alive\n\n\
                      id: 2\ndata: 2026-01-01T00:00:01.000000+00:00 app[web.1]: a\ndata: 2026-01-01T00:00:01.000000+00:00 app[web.1]: b\n\n";

fn server() -> Server {
    Server::start(vec![
        ("POST /apps/demo/log-sessions", Answer::json(&log_session()).status(201)),
        ("GET /logs/secret", Answer::text("text/event-stream", EVENTS)),
        ("GET /logs/secret", Answer::text("text/event-stream", "id: 3\ndata: t app[web.1]: c\n\n")),
        ("GET /logs/secret", Answer::text("text/plain", "").status(404)),
    ])
}

#[test]
fn logs_are_the_lines_of_the_session() {
    let server = server();
    let args = ["logs", "-a", "demo", "-n", "5", "--source", "app", "--dyno", "web.1"];
    assert_snapshot!(Sandbox::on(&server).transcript(&args));
    assert_eq!(
        server.body_of("POST /apps/demo/log-sessions"),
        r#"{"dyno":"web.1","lines":5,"source":"app","tail":false}"#
    );
    let stream = &server.asked()[1];
    assert_eq!(stream.headers["accept"], "text/event-stream");
    assert!(!stream.headers.contains_key("authorization"), "the secret is in the URL");
}

#[test]
fn a_tail_that_breaks_goes_on_after_the_last_line_until_the_session_is_over() {
    let server = server();
    assert_snapshot!(Sandbox::on(&server).transcript(&["logs", "--tail", "-p", "web", "-a", "demo"]));
    let ids: Vec<_> = server.asked().iter().skip(1).map(|asked| asked.headers.get("last-event-id").cloned()).collect();
    assert_eq!(ids, [None, Some("2".to_owned()), Some("3".to_owned())]);
}

#[test]
fn colours_are_there_when_they_are_forced() {
    let server = server();
    let output = Sandbox::on(&server).with("CLICOLOR_FORCE", "1").paas(&["logs", "-a", "demo"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("\u{1b}[36m"));
}
