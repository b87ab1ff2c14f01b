use std::{io, net::SocketAddr};

/// Why a router cannot start or go on. What happens to single requests is `errors::Failure`.
#[derive(Debug, thiserror::Error)]
pub enum RouterError {
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("a router thread cannot be started")]
    Thread(#[source] io::Error),
    #[error("a router thread panicked")]
    Panicked,
}
