//! The network interfaces of this machine that can reach other machines directly.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use if_addrs::{IfAddr, IfOperStatus};

/// The largest number of addresses announced for one interface; more than any machine has.
pub const ADDRESSES: usize = 16;
/// The largest number of interfaces used at once.
const INTERFACES: usize = 64;

/// A network interface of this machine: never the loopback, and never a tunnel, which leads elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The interface's index, which is its scope (RFC 4007).
    pub index: u32,
    /// The interface's name.
    pub name: String,
    /// This machine's IPv4 addresses on it, each with the prefix length of its network in bits.
    pub v4: Vec<(Ipv4Addr, u8)>,
    /// This machine's IPv6 addresses on it, likewise.
    pub v6: Vec<(Ipv6Addr, u8)>,
}

/// The selection of interfaces and addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All interfaces, with one address family or both.
    All {
        /// Tells whether to use IPv4.
        v4: bool,
        /// Tells whether to use IPv6.
        v6: bool,
    },
    /// The interface with this address, and no other address of it.
    Only(IpAddr),
}

impl Reach {
    fn has(self, ip: IpAddr) -> bool {
        match self {
            Reach::All { v4, v6 } => match ip {
                IpAddr::V4(_) => v4,
                IpAddr::V6(_) => v6,
            },
            Reach::Only(one) => one == ip,
        }
    }
}

/// Lists the interfaces that are up now.
pub fn now(reach: Reach) -> Vec<Interface> {
    of(if_addrs::get_if_addrs().unwrap_or_default(), reach)
}

fn of(found: Vec<if_addrs::Interface>, reach: Reach) -> Vec<Interface> {
    let mut interfaces: Vec<Interface> = Vec::new();
    // An interface is the loopback whatever other addresses it has, as on WSL.
    let loopbacks = found.iter().filter(|one| one.is_loopback());
    let loopbacks: Vec<Option<u32>> = loopbacks.map(|one| one.index).collect();
    for one in found {
        let up = matches!(one.oper_status, IfOperStatus::Up | IfOperStatus::Unknown);
        let Some(index) = one.index else {
            continue;
        };
        let loopback = loopbacks.contains(&one.index);
        if !up || one.is_p2p || loopback || !reach.has(one.ip()) {
            continue;
        }
        let at = match interfaces
            .iter()
            .position(|interface| interface.index == index)
        {
            Some(at) => at,
            None if interfaces.len() == INTERFACES => continue,
            None => {
                interfaces.push(Interface {
                    index,
                    name: one.name,
                    v4: Vec::new(),
                    v6: Vec::new(),
                });
                interfaces.len() - 1
            }
        };
        let interface = &mut interfaces[at];
        if interface.v4.len() + interface.v6.len() < ADDRESSES {
            match one.addr {
                IfAddr::V4(own) => interface.v4.push((own.ip, own.prefixlen)),
                IfAddr::V6(own) => interface.v6.push((own.ip, own.prefixlen)),
            }
        }
    }
    // The system's order is arbitrary; sorting keeps a reordering from counting as a change.
    for interface in &mut interfaces {
        interface.v4.sort_unstable();
        interface.v6.sort_unstable();
    }
    interfaces.sort_by_key(|interface| interface.index);
    interfaces
}

impl Interface {
    /// Tells whether `ip` is on this network, reached without a router.
    pub fn holds(&self, ip: IpAddr) -> bool {
        fn same(one: u128, other: u128, prefix: u8, bits: u32) -> bool {
            let host = bits.saturating_sub(u32::from(prefix));
            one.checked_shr(host).unwrap_or(0) == other.checked_shr(host).unwrap_or(0)
        }
        match ip {
            IpAddr::V4(ip) if ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast() => {
                false
            }
            IpAddr::V4(ip) => self.v4.iter().any(|(own, prefix)| {
                same(u32::from(*own).into(), u32::from(ip).into(), *prefix, 32)
            }),
            IpAddr::V6(ip) if ip.is_unspecified() || ip.is_multicast() => false,
            IpAddr::V6(ip) if ip.is_unicast_link_local() => !self.v6.is_empty(),
            IpAddr::V6(ip) => self
                .v6
                .iter()
                .any(|(own, prefix)| same((*own).into(), ip.into(), *prefix, 128)),
        }
    }

    /// This machine's addresses on it.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let v4 = self.v4.iter().map(|(ip, _)| IpAddr::V4(*ip));
        v4.chain(self.v6.iter().map(|(ip, _)| IpAddr::V6(*ip)))
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// An interface for tests, with addresses such as `10.0.0.1/24`.
    pub fn interface(index: u32, addresses: &[&str]) -> Interface {
        let mut interface = Interface {
            index,
            name: format!("eth{index}"),
            v4: Vec::new(),
            v6: Vec::new(),
        };
        for text in addresses {
            let (ip, prefix) = text.split_once('/').expect("a prefix");
            let prefix = prefix.parse().expect("a number");
            match ip.parse().expect("an address") {
                IpAddr::V4(ip) => interface.v4.push((ip, prefix)),
                IpAddr::V6(ip) => interface.v6.push((ip, prefix)),
            }
        }
        interface
    }

    #[test]
    fn what_is_on_the_link_is_told_from_what_is_not() {
        let interface = interface(1, &["192.168.1.20/24", "fe80::1/64", "2001:db8:1::1/64"]);
        for (ip, on) in [
            ("192.168.1.77", true),
            ("192.168.2.77", false),
            ("8.8.8.8", false),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("224.0.0.251", false),
            ("fe80::77", true),
            ("2001:db8:1::77", true),
            ("2001:db8:2::77", false),
            ("ff02::fb", false),
            ("::", false),
            ("::1", false),
        ] {
            assert_eq!(interface.holds(ip.parse().expect(ip)), on, "{ip}");
        }
        let only_v4 = self::interface(2, &["10.0.0.1/0"]);
        assert!(!only_v4.holds("fe80::1".parse().expect("it")));
        assert!(only_v4.holds("8.8.8.8".parse().expect("it")), "all is near");
    }

    #[test]
    fn the_loopback_is_no_link_whatever_its_addresses() {
        let interface = |name: &str, index, ip| if_addrs::Interface {
            name: name.to_string(),
            addr: IfAddr::V4(if_addrs::Ifv4Addr {
                ip,
                netmask: Ipv4Addr::BROADCAST,
                prefixlen: 32,
                broadcast: None,
            }),
            index: Some(index),
            oper_status: IfOperStatus::Up,
            is_p2p: false,
        };
        let own = Ipv4Addr::new(10, 255, 255, 254);
        let found = vec![
            interface("lo", 1, own),
            interface("lo", 1, Ipv4Addr::LOCALHOST),
            interface("eth0", 2, Ipv4Addr::new(10, 0, 0, 1)),
        ];
        let interfaces = of(found, Reach::All { v4: true, v6: true });
        let names: Vec<&str> = interfaces
            .iter()
            .map(|interface| interface.name.as_str())
            .collect();
        assert_eq!(names, ["eth0"]);
    }
}
