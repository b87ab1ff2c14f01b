use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
    time::timeout,
};

use crate::raw::Raw;

/// A dyno's server, played by the test: it takes connections one by one.
pub(crate) struct Upstream {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Upstream {
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    pub(crate) async fn accept(&self) -> Raw {
        Raw::new(self.listener.accept().await.unwrap().0)
    }
}

/// A dyno's server that answers every request with its name, and closes connections when it is killed.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut clients = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, SeqCst);
                clients.spawn(answer(Raw::new(stream), name));
            }
        });
        Self { address, connections, task }
    }

    /// Nobody listens at its address when this returns.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// A server whose queue of connections is full: the kernel answers no further one.
pub(crate) struct Full {
    pub(crate) address: SocketAddr,
    _held: (TcpListener, Vec<TcpStream>),
}

impl Full {
    pub(crate) async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(Ok(stream)) = timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
            queue.push(stream);
        }
        Self { address, _held: (listener, queue) }
    }
}

/// An address where nobody listens.
pub(crate) async fn nowhere() -> SocketAddr {
    Upstream::bind().await.address
}

async fn answer(mut client: Raw, name: &str) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut seen, mut byte) = (Vec::new(), [0; 4096]);
    while let Ok(size @ 1..) = client.stream.read(&mut byte).await {
        seen.extend_from_slice(&byte[..size]);
        while let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            seen.drain(..end + 4);
            let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{name}", name.len());
            if client.stream.write_all(response.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
