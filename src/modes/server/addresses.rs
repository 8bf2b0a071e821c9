//! The addresses at which browsers reach the room, best first.
//!
//! What always holds: the first is on a network that people share, where the default route leads if there
//! is one. A bridge without that route, which is one of containers or virtual machines, and a tunnel come
//! last and are never called shared.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::address::Address;
use crate::system::networks::{self, DefaultRoute, LinkKind};

/// The addresses of a room.
#[derive(Debug)]
pub struct JoinAddresses {
    listen: SocketAddr,
    /// The machine's name on the local network, as in `box.local`.
    name: Option<String>,
}

/// An address of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAddress {
    /// The address.
    pub ip: IpAddr,
    /// The name of its interface.
    pub network: String,
    /// Tells whether other people's machines can be expected on its network.
    pub is_shared: bool,
}

impl JoinAddresses {
    /// The addresses of a room that listens on `listen`. It takes up to 300 ms to find the machine's name.
    pub fn of(listen: SocketAddr) -> JoinAddresses {
        let mut addresses = JoinAddresses { listen, name: None };
        let best = addresses.now().into_iter().next();
        addresses.name = best
            .filter(|best| best.is_shared)
            .and_then(|best| networks::local_name(best.ip));
        addresses
    }

    /// The addresses that there are now, best first; never none.
    pub fn now(&self) -> Vec<OwnAddress> {
        let listen = self.listen.ip().to_canonical();
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let reached = interfaces
            .into_iter()
            .filter(|interface| is_reached(interface.ip(), listen));
        let found = reached.map(|interface| {
            let kind = if interface.is_p2p {
                LinkKind::Tunnel
            } else {
                networks::kind(&interface.name)
            };
            (interface.ip(), interface.name, kind)
        });
        ranked(found.collect(), &networks::default_routes(), listen)
    }

    /// The room at one of the addresses.
    pub fn at(&self, own: &OwnAddress) -> Address {
        Address::of_ip(own.ip, self.listen.port(), &own.network)
    }

    /// The URL for browsers at the machine's name.
    pub fn by_name(&self) -> Option<String> {
        let port = self.listen.port();
        let name = self.name.as_ref()?;
        Some(format!("http://{name}:{port}/"))
    }

    /// The addresses of a room on a machine with this name.
    #[cfg(test)]
    pub fn named(listen: SocketAddr, name: &str) -> JoinAddresses {
        let name = Some(name.to_string());
        JoinAddresses { listen, name }
    }

    /// The URLs for browsers on other machines, best first; none if only this machine can join.
    pub fn shared(&self) -> Vec<String> {
        let now = self.now();
        let shared = now.iter().filter(|own| own.is_shared);
        let mut urls: Vec<String> = shared.map(|own| page(&self.at(own))).collect();
        if let Some(by_name) = self.by_name() {
            urls.insert(urls.len().min(1), by_name);
        }
        urls
    }
}

/// The URL for browsers at this address.
pub fn page(at: &Address) -> String {
    format!("http://{}/", at.to_string().replacen('%', "%25", 1))
}

/// Tells whether others reach a server that listens on `listen` at `ip`, an address of this machine.
fn is_reached(ip: IpAddr, listen: IpAddr) -> bool {
    let link_local = matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
    match listen {
        listen if !listen.is_unspecified() => ip == listen,
        IpAddr::V4(_) if ip.is_ipv6() => false,
        _ => !ip.is_loopback() && !link_local,
    }
}

/// The addresses of `found`, each with its interface and the nature of that, under which others reach a
/// server that listens on `listen`, best first; if there is none, this machine's own.
fn ranked(
    found: Vec<(IpAddr, String, LinkKind)>,
    routes: &[DefaultRoute],
    listen: IpAddr,
) -> Vec<OwnAddress> {
    let mut all: Vec<_> = found
        .into_iter()
        .filter(|(ip, ..)| is_reached(*ip, listen))
        .map(|(ip, network, kind)| {
            let of_network = routes.iter().filter(|route| route.interface == network);
            let leads_on = of_network.clone().next().is_some();
            let of_family = of_network.filter(|route| route.v6 == ip.is_ipv6());
            let metric = of_family.map(|route| route.metric).min();
            let class = match kind {
                LinkKind::Tunnel => 3,
                _ if leads_on => 0,
                LinkKind::Real => 1,
                LinkKind::Bridge => 2,
            };
            let form = match ip {
                IpAddr::V4(v4) if v4.is_link_local() => 2,
                IpAddr::V4(_) => 0,
                IpAddr::V6(_) => 1,
            };
            let own = OwnAddress {
                ip,
                network,
                is_shared: class <= 1 && !ip.is_loopback(),
            };
            ((class, form, metric.unwrap_or(u32::MAX), ip), own)
        })
        .collect();
    all.sort_by_key(|(rank, _)| *rank);
    let mut all: Vec<OwnAddress> = all.into_iter().map(|(_, own)| own).collect();
    all.dedup_by_key(|own| own.ip);
    if all.is_empty() {
        let unspecified = listen.is_unspecified();
        all.push(OwnAddress {
            ip: if unspecified {
                Ipv4Addr::LOCALHOST.into()
            } else {
                listen
            },
            network: String::new(),
            is_shared: !unspecified && !listen.is_loopback(),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::LinkKind::{Bridge, Real, Tunnel};
    use super::*;

    /// The addresses, best first, those that are not shared in brackets. A route is an interface with a
    /// metric, in IPv6 if the interface begins with `6:`.
    fn best(found: &[(&str, &str, LinkKind)], routes: &[(&str, u32)], listen: &str) -> Vec<String> {
        let found = found
            .iter()
            .map(|(ip, name, kind)| (ip.parse().expect(ip), (*name).to_string(), *kind));
        let routes: Vec<DefaultRoute> = routes
            .iter()
            .map(|(interface, metric)| DefaultRoute {
                interface: interface.trim_start_matches("6:").to_string(),
                v6: interface.starts_with("6:"),
                metric: *metric,
            })
            .collect();
        let listen: IpAddr = listen.parse().expect(listen);
        ranked(found.collect(), &routes, listen.to_canonical())
            .into_iter()
            .map(|own| {
                if own.is_shared {
                    own.ip.to_string()
                } else {
                    format!("({})", own.ip)
                }
            })
            .collect()
    }

    const ALL: &str = "0.0.0.0";
    const LAPTOP: &[(&str, &str, LinkKind)] = &[
        ("127.0.0.1", "lo", Tunnel),
        ("::1", "lo", Tunnel),
        ("10.8.0.2", "tun0", Tunnel),
        ("172.17.0.1", "docker0", Bridge),
        ("192.168.1.20", "wlan0", Real),
        ("2001:db8::20", "wlan0", Real),
        ("fe80::20", "wlan0", Real),
        ("192.168.1.7", "eth0", Real),
    ];

    #[test]
    fn the_default_route_decides_and_no_tunnel_or_containers_bridge_comes_first() {
        let with = |routes: &[(&str, u32)]| best(LAPTOP, routes, ALL);
        let rest = ["(172.17.0.1)", "(10.8.0.2)"];
        let wlan_first = [&["192.168.1.20", "192.168.1.7"], &rest[..]].concat();
        let eth_first = [&["192.168.1.7", "192.168.1.20"], &rest[..]].concat();
        assert_eq!(with(&[("wlan0", 600)]), wlan_first);
        assert_eq!(with(&[("wlan0", 600), ("eth0", 100)]), eth_first);
        // A tunnel that everything goes through changes nothing.
        assert_eq!(with(&[("tun0", 50), ("wlan0", 600)]), wlan_first);
        // A network without a way out has people, too.
        assert_eq!(with(&[]), eth_first);
        assert_eq!(with(&[("tun0", 50)]), eth_first);
    }

    #[test]
    fn a_bridge_with_the_default_route_is_the_machines_network() {
        let found = [
            ("172.17.0.1", "docker0", Bridge),
            ("192.168.1.20", "br0", Bridge),
        ];
        assert_eq!(
            best(&found, &[("br0", 0)], ALL),
            ["192.168.1.20", "(172.17.0.1)"]
        );
        assert_eq!(best(&found[..1], &[], ALL), ["(172.17.0.1)"]);
    }

    #[test]
    fn ipv4_goes_before_ipv6_and_an_address_that_nobody_gave_is_last() {
        let routes = [("wlan0", 600), ("6:wlan0", 1)];
        let all = best(LAPTOP, &routes, "::");
        assert_eq!(all[..3], ["192.168.1.20", "2001:db8::20", "192.168.1.7"]);
        assert!(
            !all.iter()
                .any(|one| one.contains("fe80") || one.contains("::1)"))
        );
        let found = [("169.254.7.7", "eth0", Real), ("fd00::7", "eth0", Real)];
        assert_eq!(best(&found, &[], "::"), ["fd00::7", "169.254.7.7"]);
        // The same network by IPv6 alone.
        let found = [("10.0.0.9", "eth1", Real), ("192.168.1.7", "eth0", Real)];
        let all = best(&found, &[("6:eth0", 1)], ALL);
        assert_eq!(all, ["192.168.1.7", "10.0.0.9"]);
    }

    #[test]
    fn a_room_on_one_address_has_no_other() {
        let one = |listen| best(LAPTOP, &[("wlan0", 600)], listen);
        assert_eq!(one("192.168.1.7"), ["192.168.1.7"]);
        assert_eq!(one("::ffff:192.168.1.7"), ["192.168.1.7"]);
        assert_eq!(one("10.8.0.2"), ["(10.8.0.2)"]);
        assert_eq!(one("fe80::20"), ["fe80::20"]);
        for loopback in ["127.0.0.1", "127.5.5.5", "::1"] {
            assert_eq!(one(loopback), [format!("({loopback})")]);
        }
        assert_eq!(best(&[], &[], ALL), ["(127.0.0.1)"], "on no network yet");
    }

    #[test]
    fn a_browser_is_told_the_best_address_and_then_the_name() {
        let listen = "127.0.0.1:1337".parse().expect("an address");
        let alone = JoinAddresses { listen, name: None };
        assert_eq!(alone.shared(), [""; 0], "nobody else can join");
        let own = &alone.now()[0];
        assert_eq!(page(&alone.at(own)), "http://127.0.0.1:1337/");
        let ip = "fe80::7".parse().expect("an address");
        let at = Address::of_ip(ip, 80, "eth0");
        assert_eq!(page(&at), "http://[fe80::7%25eth0]:80/");
        let named = JoinAddresses::named(listen, "box.local");
        assert_eq!(named.by_name().as_deref(), Some("http://box.local:1337/"));
    }
}
