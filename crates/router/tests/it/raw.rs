use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A client, or a dyno's side of a connection, that says and hears exact bytes.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    heard: Vec<u8>,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self { stream, heard: Vec::new() }
    }

    /// Sends a text whose lines end in `\n` here and in `\r\n` on the wire.
    pub(crate) async fn say(&mut self, text: &str) {
        self.say_bytes(text.replace('\n', "\r\n").as_bytes()).await;
    }

    pub(crate) async fn say_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Up to and with `end`, lines ending in `\n`.
    pub(crate) async fn hear(&mut self, end: &str) -> String {
        let end = end.replace('\n', "\r\n");
        loop {
            let found = self.heard.windows(end.len()).position(|window| window == end.as_bytes());
            if let Some(at) = found {
                let rest = self.heard.split_off(at + end.len());
                let text = std::mem::replace(&mut self.heard, rest);
                return String::from_utf8_lossy(&text).replace("\r\n", "\n");
            }
            let heard = String::from_utf8_lossy(&self.heard).into_owned();
            assert!(self.read().await, "closed before {end:?}; heard {heard:?}");
        }
    }

    /// The head of a message, without its empty line.
    pub(crate) async fn hear_head(&mut self) -> String {
        self.hear("\n\n").await.trim_end().to_owned()
    }

    /// Everything up to the end of the connection.
    pub(crate) async fn hear_all(&mut self) -> String {
        while self.read().await {}
        String::from_utf8_lossy(&std::mem::take(&mut self.heard)).replace("\r\n", "\n")
    }

    async fn read(&mut self) -> bool {
        let read = timeout(Duration::from_secs(20), self.stream.read_buf(&mut self.heard)).await;
        read.expect("something comes, or the end").is_ok_and(|size| size > 0)
    }
}

/// The lines of a head that begin with one of `names`, sorted; lower case.
pub(crate) fn only(head: &str, names: &[&str]) -> Vec<String> {
    let lower = head.lines().skip(1).map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        format!("{}:{value}", name.to_lowercase())
    });
    let mut lines: Vec<_> =
        lower.filter(|line| names.iter().any(|name| line.starts_with(&format!("{name}:")))).collect();
    lines.sort();
    lines
}
