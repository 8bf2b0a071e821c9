//! A client, as its address tells.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The unit that the limits count: an address, or all of an IPv6 network.
///
/// With IPv6 a machine that has one address usually has its whole /64, and so has every other machine in
/// that network, such as a school's. So each address is counted, and the /64 as well, which may have more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Client {
    address: IpAddr,
    /// This is the network that begins with the address.
    network: bool,
}

impl Client {
    /// The address, or the first one of the network.
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// Returns whether this is a whole network.
    pub fn is_network(self) -> bool {
        self.network
    }

    /// The /64 of an IPv6 address, which taking another address does not leave; an IPv4 address itself.
    pub fn network(self) -> Client {
        match self.address {
            IpAddr::V4(_) => self,
            IpAddr::V6(address) => Client {
                address: Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
                network: true,
            },
        }
    }
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Client {
        Client {
            address: address.to_canonical(),
            network: false,
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.network {
            write!(f, "{}/64", self.address)
        } else {
            write!(f, "{}", self.address)
        }
    }
}
