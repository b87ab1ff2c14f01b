//! Addresses for a server that names them before it binds them, and binds them again after a restart.

use std::net::{IpAddr, TcpListener, UdpSocket};

/// Below the range that the kernel hands out to clients, so that nobody else gets one between two starts of a server.
const FIRST: u16 = 20_000;
const BLOCKS: u16 = 1_000;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) https: u16,
    pub(crate) http: u16,
    pub(crate) router_http: u16,
    pub(crate) router_https: u16,
    pub(crate) registry: u16,
    /// Of a router beside the first.
    pub(crate) second_router_http: u16,
    pub(crate) second_router_https: u16,
}

impl Ports {
    /// Ones that are free now. Other test processes begin their search elsewhere.
    pub(crate) fn free() -> Self {
        let start = std::process::id() % u32::from(BLOCKS);
        let block = (start..start + u32::from(BLOCKS)).map(|block| block % u32::from(BLOCKS));
        let mut ports = block.map(|block| FIRST + u16::try_from(block * 10).expect("under 10,000"));
        let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
        let first = ports.find(|first| (*first..first + 7).all(is_free)).expect("some ports are free");
        let port = |number| first + number;
        Self {
            https: port(0),
            http: port(1),
            router_http: port(2),
            router_https: port(3),
            registry: port(4),
            second_router_http: port(5),
            second_router_https: port(6),
        }
    }
}

/// One that is free now, of those that the kernel hands out.
pub(crate) fn free_port() -> u16 {
    let free = TcpListener::bind("0.0.0.0:0").and_then(|free| free.local_addr());
    free.expect("some port is free").port()
}

/// The address that this machine sends from; containers reach it by that. Nothing is sent.
pub(crate) fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("some port is free");
    let route = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    route.expect("the machine has a default route").ip()
}
