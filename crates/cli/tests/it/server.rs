use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use serde_json::Value;

use crate::tls::Identity;

/// A server that knows some answers by heart and remembers what it was asked. One answer a connection.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `GET /apps`
    pub(crate) what: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    pub(crate) fn json(value: &Value) -> Self {
        Self { status: 200, content_type: "application/json", headers: Vec::new(), body: value.to_string() }
    }

    pub(crate) fn text(content_type: &'static str, body: &str) -> Self {
        Self { status: 200, content_type, headers: Vec::new(), body: body.to_owned() }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Server {
    /// Several answers to the same question are given one after the other, the last one for ever. `BASE` in a body stands
    /// for the server's address. All else is a 404.
    pub(crate) fn start(answers: Vec<(&str, Answer)>) -> Self {
        Self::listen(answers, None)
    }

    /// The same over TLS, as `https://localhost:PORT`.
    pub(crate) fn start_tls(answers: Vec<(&str, Answer)>, identity: Identity) -> Self {
        Self::listen(answers, Some(identity))
    }

    fn listen(answers: Vec<(&str, Answer)>, identity: Option<Identity>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let url = match &identity {
            Some(_) => format!("https://localhost:{}", address.port()),
            None => format!("http://{address}"),
        };
        let mut known = BTreeMap::<String, Vec<Answer>>::new();
        for (what, answer) in answers {
            known.entry(what.to_owned()).or_default().push(answer);
        }
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (known, base, log) = (Mutex::new(known), url.clone(), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that hangs up is no business of the test's.
                let _ = match &identity {
                    Some(identity) => serve(identity.accept(stream), &known, &base, &log),
                    None => serve(stream, &known, &base, &log),
                };
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test thread panics holding it").clone()
    }

    /// The body of the only request of this kind.
    pub(crate) fn body_of(&self, what: &str) -> String {
        let found: Vec<_> = self.asked().into_iter().filter(|asked| asked.what == what).collect();
        assert_eq!(found.len(), 1, "{what}: {:?}", self.asked());
        found[0].body.clone()
    }
}

fn serve(
    stream: impl Read + Write,
    known: &Mutex<BTreeMap<String, Vec<Answer>>>,
    base: &str,
    log: &Mutex<Vec<Asked>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let what = line.rsplit_once(' ').map_or("", |(what, _)| what).to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        let earlier = headers.insert(name.to_ascii_lowercase(), value.to_owned());
        assert_eq!(earlier, None, "{name} was sent twice, and servers read the first");
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let answer = {
        let mut known = known.lock().expect("no test thread panics holding it");
        match known.get_mut(&what) {
            Some(answers) if answers.len() > 1 => answers.remove(0),
            Some(answers) => answers[0].clone(),
            None => {
                let body = serde_json::json!({ "id": "not_found", "message": format!("No answer for {what}") });
                Answer::json(&body).status(404)
            }
        }
    };
    let asked = Asked { what, headers, body: String::from_utf8_lossy(&body).into_owned() };
    log.lock().expect("no test thread panics holding it").push(asked);
    let body = answer.body.replace("BASE", base);
    let stream = reader.get_mut();
    write!(stream, "HTTP/1.1 {} x\r\ncontent-type: {}\r\nconnection: close\r\n", answer.status, answer.content_type)?;
    for (name, value) in &answer.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "content-length: {}\r\n\r\n{body}", body.len())
}
