//! An EC2 API that answers by script, for what moto cannot be brought to say.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use paas_ec2::Ec2Machines;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::moto;

/// Answers by action; the last of an action's answers stays. What has none is an error of the server's.
#[derive(Clone, Default)]
pub(crate) struct Canned {
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    answers: BTreeMap<String, VecDeque<(u16, String)>>,
    /// Bodies of requests, in order.
    calls: Vec<String>,
}

impl Canned {
    pub(crate) fn answer(self, action: &str, body: &str) -> Self {
        let xml = format!("<{action}Response><requestId>r</requestId>{body}</{action}Response>");
        self.push(action, 200, xml)
    }

    pub(crate) fn refuse(self, action: &str, status: u16, code: &str, message: &str) -> Self {
        let xml = format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>r</RequestID></Response>"
        );
        self.push(action, status, xml)
    }

    /// The other's answers too, for actions that have none yet.
    pub(crate) fn followed_by(self, other: &Self) -> Self {
        for (action, answers) in &other.script.lock().unwrap().answers {
            self.script.lock().unwrap().answers.entry(action.clone()).or_insert_with(|| answers.clone());
        }
        self
    }

    /// Nothing launched yet, and an image with a root disk: what a launch asks before it launches.
    pub(crate) fn ready_to_launch() -> Self {
        Self::default()
            .answer("DescribeInstances", "<reservationSet/>")
            .answer("DescribeImages", "<imagesSet><item><rootDeviceName>/dev/xvda</rootDeviceName></item></imagesSet>")
    }

    /// The number of calls of an action.
    pub(crate) fn count(&self, action: &str) -> usize {
        self.calls(action).len()
    }

    /// Bodies of the requests of an action, form-encoded.
    pub(crate) fn calls(&self, action: &str) -> Vec<String> {
        let script = self.script.lock().unwrap();
        script.calls.iter().filter(|body| action_of(body) == action).cloned().collect()
    }

    /// Machines of the installation `ours`, over this API.
    pub(crate) async fn machines(&self) -> Ec2Machines {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = self.clone();
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(server.clone().serve(connection));
            }
        });
        Ec2Machines::new(&moto::sdk(&url).await, moto::config("ours", &url)).unwrap()
    }

    fn push(self, action: &str, status: u16, xml: String) -> Self {
        self.script.lock().unwrap().answers.entry(action.to_owned()).or_default().push_back((status, xml));
        self
    }

    /// One request, and the end of the connection.
    async fn serve(self, connection: TcpStream) {
        let mut connection = BufReader::new(connection);
        let mut length = 0;
        loop {
            let mut line = String::new();
            connection.read_line(&mut line).await.unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body).await.unwrap();
        let (status, xml) = self.next(String::from_utf8(body).unwrap());
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", xml.len());
        connection.write_all(format!("{head}{xml}").as_bytes()).await.unwrap();
    }

    fn next(&self, body: String) -> (u16, String) {
        let mut script = self.script.lock().unwrap();
        let action = action_of(&body).to_owned();
        script.calls.push(body);
        match script.answers.get_mut(&action) {
            Some(answers) if answers.len() > 1 => answers.pop_front().unwrap(),
            Some(answers) => answers[0].clone(),
            None => (500, format!("no script for {action}")),
        }
    }
}

fn action_of(body: &str) -> &str {
    body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or_default()
}
