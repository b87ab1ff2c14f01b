//! The network that hosts are in.

use std::{fs::File, net::Ipv4Addr};

use super::{super::cleanup, host};

/// There is one on a machine; it is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Network {
    _turn: File,
}

impl Network {
    /// This machine in that network: where hosts reach the platform.
    pub(crate) const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 210, 0, 1);

    /// Waits until no other test has it.
    pub(crate) fn take() -> Self {
        let turn = File::create(cleanup::root().join("hosts.lock")).expect("the test's root can be written");
        turn.lock().expect("locks work");
        host::make_network();
        Self { _turn: turn }
    }

    /// Of the `number`th host that joins by hand, from 1; instances of moto have addresses of their subnets.
    pub(crate) const fn address(number: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 210, 0, 10 + number)
    }
}
