//! What a log drain sends to.

use std::{
    io::Read,
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
};

/// Takes syslog over TCP until the test process ends. The platform has to be told that it may be reached: `PAAS_DRAIN_ALLOW`.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Receiver {
    pub(crate) const NETWORK: &str = "127.0.0.0/8";

    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let received = Arc::<Mutex<Vec<u8>>>::default();
        let all = received.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let all = all.clone();
                std::thread::spawn(move || take(stream, &all));
            }
        });
        Self { url: format!("syslog://127.0.0.1:{port}"), received }
    }

    /// Everything so far, frames and all.
    pub(crate) fn received(&self) -> String {
        String::from_utf8_lossy(&self.received.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

fn take(mut stream: TcpStream, all: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        all.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..read]);
    }
}
