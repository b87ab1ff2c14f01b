//! The port of a fake container: real, on loopback, so that real clients and routers can be tried on it.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpSocket, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// Refuses connections until [`FakePort::listen`]; closes, and drops its connections, with the value.
pub(super) struct FakePort {
    address: SocketAddr,
    reserved: Option<TcpSocket>,
    serving: Option<AbortHandle>,
}

impl FakePort {
    /// Takes a free port without listening on it, which is how a process that has not bound its port yet looks.
    pub(super) fn reserve() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self { address: socket.local_addr()?, reserved: Some(socket), serving: None })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers every request with 200 and `body`. No effect when it already listens.
    pub(super) fn listen(&mut self, body: &str) -> io::Result<()> {
        if let Some(socket) = self.reserved.take() {
            let listener = socket.listen(1024)?;
            self.serving = Some(tokio::spawn(serve(listener, body.to_owned())).abort_handle());
        }
        Ok(())
    }
}

impl Drop for FakePort {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

async fn serve(listener: TcpListener, body: String) {
    // Aborts its connections when it is dropped with this task.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(answer(stream, body.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(stream: TcpStream, body: String) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let response =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    while let Some(body_bytes) = read_head(&mut stream).await? {
        tokio::io::copy(&mut (&mut stream).take(body_bytes), &mut tokio::io::sink()).await?;
        stream.write_all(response.as_bytes()).await?;
    }
    Ok(())
}

/// The length of the request's body; `None` when the client is gone. Chunked bodies are not understood.
async fn read_head(stream: &mut BufReader<TcpStream>) -> io::Result<Option<u64>> {
    let mut body_bytes = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if line.trim_end().is_empty() {
            return Ok(Some(body_bytes));
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            body_bytes = value.trim().parse().map_err(io::Error::other)?;
        }
    }
}
