use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    thread::JoinHandle,
};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    fixtures::{dyno, id},
    sandbox::Sandbox,
    server::{Answer, Server},
    tls::Identity,
};

/// A rendezvous for one client: says hello, prints `output` in the same breath, collects input up to `until`, prints `last`
/// and hangs up.
struct Rendezvous {
    address: String,
    ca: String,
    client: JoinHandle<Vec<u8>>,
}

impl Rendezvous {
    fn start(output: &'static [u8], until: &'static [u8], last: &'static [u8]) -> Self {
        let identity = Identity::new();
        let ca = identity.pem.clone();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("localhost:{}", listener.local_addr().expect("it is bound").port());
        let client = std::thread::spawn(move || {
            let (tcp, _) = listener.accept().expect("a client comes");
            let mut stream = identity.accept(tcp);
            let mut received = Vec::new();
            read_until(&mut stream, b"\r\n", &mut received);
            assert_eq!(received, b"s3cret\r\n");
            received.clear();
            stream.write_all(b"rendezvous\r\n").expect("the client reads");
            stream.write_all(output).expect("the client reads");
            read_until(&mut stream, until, &mut received);
            stream.write_all(last).expect("the client reads");
            stream.conn.send_close_notify();
            stream.flush().expect("the client reads");
            received
        });
        Self { address, ca, client }
    }

    /// A server whose new dyno is to be met here, and which knows its exit status at the second question.
    fn server(&self, exit_code: i32) -> Server {
        let mut created = dyno("run.4242", "starting", 3);
        created["attach_url"] = json!(format!("rendezvous://{}/s3cret", self.address));
        let mut ended = dyno("run.4242", "down", 3);
        ended["exit_code"] = json!(exit_code);
        Server::start(vec![
            ("POST /apps/demo/dynos", Answer::json(&created).status(201)),
            (&format!("GET /apps/demo/dynos/{}", id(4)), Answer::json(&dyno("run.4242", "up", 3))),
            (&format!("GET /apps/demo/dynos/{}", id(4)), Answer::json(&ended)),
        ])
    }

    fn sandbox(&self, server: &Server) -> Sandbox {
        let sandbox = Sandbox::on(server);
        let path = sandbox.config().join("ca.pem");
        std::fs::write(&path, &self.ca).expect("the folder is ours");
        sandbox.with("PAAS_CA", &path.to_string_lossy())
    }
}

fn read_until(stream: &mut impl Read, end: &[u8], received: &mut Vec<u8>) {
    while !received.ends_with(end) {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("the client goes on writing");
        received.push(byte[0]);
    }
}

#[test]
fn run_passes_input_output_and_the_exit_status() {
    let rendezvous = Rendezvous::start(b"hello\n", b"\x04", b"bye\xff\n");
    let server = rendezvous.server(42);
    let args = ["run", "-a", "demo", "-e", "A=1;B=2", "--size", "Standard-2X", "cat", "a b"];
    let output = rendezvous.sandbox(&server).paas_with_input(&args, "in\r\nput");
    assert_eq!(output.status.code(), Some(42));
    assert_eq!(output.stdout, b"hello\nbye\xff\n", "bytes are not touched");
    assert_snapshot!(String::from_utf8_lossy(&output.stderr));
    assert_eq!(rendezvous.client.join().unwrap(), b"in\r\nput\x04");
    let body: Value = serde_json::from_str(&server.body_of("POST /apps/demo/dynos")).unwrap();
    assert_eq!(
        body,
        json!({ "attach": true, "command": "cat \"a b\"", "env": { "A": "1", "B": "2" }, "force_no_tty": true, "size": "Standard-2X" })
    );
}

#[test]
fn a_root_shell_on_a_host_passes_input_output_and_the_exit_status() {
    let rendezvous = Rendezvous::start(b"hello\n", b"\x04", b"bye\n");
    let shell = |attach_url: Value, exit_code: Value| {
        let time = "2026-01-02T03:04:05Z";
        let body = json!({ "attach_url": attach_url, "created_at": time, "ended_at": null, "exit_code": exit_code, "id": id(11) });
        Answer::json(&body)
    };
    let url = json!(format!("rendezvous://{}/s3cret", rendezvous.address));
    let server = Server::start(vec![
        ("POST /hosts/web-1/shells", shell(url, json!(null)).status(201)),
        (&format!("GET /hosts/web-1/shells/{}", id(11)), shell(json!(null), json!(null))),
        (&format!("GET /hosts/web-1/shells/{}", id(11)), shell(json!(null), json!(7))),
    ]);
    let args = ["hosts:ssh", "web-1", "--container", "--", "cat", "/etc/hostname", "-"];
    let output = rendezvous.sandbox(&server).paas_with_input(&args, "input");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(output.stdout, b"hello\nbye\n");
    assert_snapshot!(String::from_utf8_lossy(&output.stderr));
    assert_eq!(rendezvous.client.join().unwrap(), b"input\x04");
    assert_eq!(
        server.body_of("POST /hosts/web-1/shells"),
        r#"{"command":["/bin/sh","-c","cat /etc/hostname -"],"tty":false}"#
    );
}

/// `script` gives paas a terminal, and `stty -g` shows that terminal's modes before and after.
#[test]
fn a_terminal_is_raw_during_a_run_and_as_before_afterwards() {
    let rendezvous = Rendezvous::start(b"$ ", b"\x03", b"^C\r\n");
    let server = rendezvous.server(130);
    let sandbox = rendezvous.sandbox(&server);
    let paas = env!("CARGO_BIN_EXE_paas");
    // The 0x03 gets through only if the terminal is raw; else it would be a signal to paas.
    let inside = format!("stty rows 40 cols 100; stty -g; {paas} run bash -a demo; echo status $?; stty -g");
    let mut command = sandbox.command(Path::new("script"));
    let mut child = command
        .args(["-qec", &inside, "/dev/null"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut shown = Vec::new();
    read_until(&mut stdout, b"$ ", &mut shown);
    stdin.write_all(b"\x03").unwrap();
    stdout.read_to_end(&mut shown).unwrap();
    child.wait().unwrap();
    let shown = String::from_utf8_lossy(&shown).into_owned();
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.first(), lines.last(), "{shown}");
    assert!(shown.contains("status 130"), "{shown}");
    let body: Value = serde_json::from_str(&server.body_of("POST /apps/demo/dynos")).unwrap();
    assert_eq!(
        body,
        json!({ "attach": true, "command": "bash", "env": { "TERM": "xterm", "COLUMNS": "100", "LINES": "40" } })
    );
}

#[test]
fn a_rendezvous_with_a_certificate_of_someone_else_gets_no_secret() {
    let rendezvous = Rendezvous::start(b"", b"\x04", b"");
    let server = rendezvous.server(0);
    let other = Rendezvous::start(b"", b"\x04", b"");
    let output = other.sandbox(&server).paas(&["run", "true", "-a", "demo"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr).replace(&rendezvous.address, "ADDRESS");
    assert_snapshot!(stderr);
    assert!(rendezvous.client.join().is_err(), "the handshake fails before a byte of the secret is read");
}

#[test]
fn run_detached_tells_how_to_read_the_output() {
    let server =
        Server::start(vec![("POST /apps/demo/dynos", Answer::json(&dyno("run.4242", "starting", 3)).status(201))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["run:detached", "-a", "demo", "--", "ls", "-a", "x"]));
    assert_eq!(server.body_of("POST /apps/demo/dynos"), r#"{"attach":false,"command":"ls -a x","env":{}}"#);
}
