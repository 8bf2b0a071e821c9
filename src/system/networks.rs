//! This machine's networks beyond their addresses: default routes, what is no real link, and the name by
//! which the machine is found.
//!
//! What always holds: nothing is sent to find out.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The daemon that answers on the local network for the machine's name, in its text protocol.
const AVAHI: &str = "/run/avahi-daemon/socket";
/// The time within which it knows a name of its own.
const AVAHI_TIME: Duration = Duration::from_millis(300);
/// The types of interfaces that may be real: Ethernet, which Wi-Fi counts as, and InfiniBand (ARPHRD_ETHER and
/// ARPHRD_INFINIBAND of linux/if_arp.h).
const REAL: [&str; 2] = ["1", "32"];

/// The nature of a network interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LinkKind {
    /// A network of other machines.
    Real,
    /// A bridge, mostly that of containers or virtual machines.
    Bridge,
    /// A tunnel, which leads elsewhere.
    Tunnel,
}

/// The nature of the interface with this name; real, if the system does not say.
pub(crate) fn kind(interface: &str) -> LinkKind {
    kind_in(&Path::new("/sys/class/net").join(interface))
}

fn kind_in(folder: &Path) -> LinkKind {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    let events = read("uevent");
    let is = |kind: &str| {
        let mut lines = events.lines();
        lines.any(|line| line.strip_prefix("DEVTYPE=") == Some(kind))
    };
    let other = match read("type").trim() {
        "" => false,
        kind => !REAL.contains(&kind),
    };
    if other || folder.join("tun_flags").exists() || is("vxlan") || is("geneve") {
        LinkKind::Tunnel
    } else if is("bridge") {
        LinkKind::Bridge
    } else {
        LinkKind::Real
    }
}

/// A route to everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DefaultRoute {
    /// The name of its interface.
    pub(crate) interface: String,
    /// Tells whether it is for IPv6.
    pub(crate) v6: bool,
    /// The route with the lowest is taken.
    pub(crate) metric: u32,
}

/// The default routes of both families, as far as the system tells them. Of one that a tunnel has put
/// over it, the route below is still among them.
pub(crate) fn default_routes() -> Vec<DefaultRoute> {
    let read = |name: &str| fs::read_to_string(Path::new("/proc/self/net").join(name));
    let (v4, v6) = (read("route"), read("ipv6_route"));
    let v4 = v4.unwrap_or_default();
    let v6 = v6.unwrap_or_default();
    let v4 = v4.lines().filter_map(default_v4);
    v4.chain(v6.lines().filter_map(default_v6)).collect()
}

/// A line of `/proc/net/route`: interface, destination, gateway, flags, references, uses, metric, mask.
fn default_v4(line: &str) -> Option<DefaultRoute> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [interface, destination, _, flags, _, _, metric, mask, ..] = words[..] else {
        return None;
    };
    (is_zero(destination) && is_zero(mask) && leads_on(flags)).then(|| DefaultRoute {
        interface: interface.to_string(),
        v6: false,
        metric: metric.parse().unwrap_or(u32::MAX),
    })
}

/// A line of `/proc/net/ipv6_route`: destination and its length, source and its length, gateway, metric,
/// references, uses, flags, interface.
fn default_v6(line: &str) -> Option<DefaultRoute> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [destination, length, _, _, _, metric, _, _, flags, interface] = words[..] else {
        return None;
    };
    (is_zero(destination) && is_zero(length) && leads_on(flags)).then(|| DefaultRoute {
        interface: interface.to_string(),
        v6: true,
        metric: u32::from_str_radix(metric, 16).unwrap_or(u32::MAX),
    })
}

fn is_zero(hex: &str) -> bool {
    hex.bytes().all(|digit| digit == b'0')
}

/// Tells whether a route is up and not there to refuse (RTF_UP and RTF_REJECT of linux/route.h).
fn leads_on(flags: &str) -> bool {
    u32::from_str_radix(flags, 16).is_ok_and(|flags| flags & 0x201 == 0x1)
}

/// The name, such as `box.local`, for which the machine's own mDNS daemon answers with `ip`.
pub(crate) fn local_name(ip: IpAddr) -> Option<String> {
    local_name_by(Path::new(AVAHI), ip)
}

fn local_name_by(daemon: &Path, ip: IpAddr) -> Option<String> {
    let mut daemon = UnixStream::connect(daemon).ok()?;
    daemon.set_read_timeout(Some(AVAHI_TIME)).ok()?;
    daemon.set_write_timeout(Some(AVAHI_TIME)).ok()?;
    daemon
        .write_all(format!("RESOLVE-ADDRESS {ip}\n").as_bytes())
        .ok()?;
    let mut answer = String::new();
    BufReader::new(daemon).read_line(&mut answer).ok()?;
    // "+ 2 0 192.168.1.20 box.local": interface, protocol, address, name.
    let name = answer.strip_prefix('+')?.split_whitespace().nth(3)?;
    let bare = name.strip_suffix(".local")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!bare.is_empty() && bare.chars().all(fits)).then(|| name.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn default_routes_are_told_from_others() {
        let v4 = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
tun0\t00000000\t0108080A\t0003\t0\t0\t0\t00000080\t0\t0\t0
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
*\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0
";
        let found: Vec<DefaultRoute> = v4.lines().filter_map(default_v4).collect();
        let route = |interface: &str, v6, metric| DefaultRoute {
            interface: interface.to_string(),
            v6,
            metric,
        };
        assert_eq!(found, [route("wlan0", false, 600)]);
        let (none, gateway) = ("0".repeat(32), "fe80000000000000021132fffe000001");
        let v6 = format!(
            "20010db8000000010000000000000000 40 {none} 00 {none} 00000100 00000001 00000000 00000001     eth0\n\
             {none} 00 {none} 00 {gateway} 00000064 00000001 00000000 00450003     eth0\n\
             {none} 00 {none} 00 {none} ffffffff 00000001 00000000 00200200       lo\n"
        );
        let found: Vec<DefaultRoute> = v6.lines().filter_map(default_v6).collect();
        assert_eq!(found, [route("eth0", true, 100)]);
    }

    #[test]
    fn a_link_is_told_from_a_bridge_and_a_tunnel() {
        let folder = tempfile::tempdir().expect("a folder");
        for (number, (kind, files)) in [
            (
                LinkKind::Real,
                &[("type", "1\n"), ("uevent", "INTERFACE=eth0\n")][..],
            ),
            (
                LinkKind::Real,
                &[("type", "1\n"), ("uevent", "DEVTYPE=wlan\n")],
            ),
            (LinkKind::Real, &[]),
            (
                LinkKind::Bridge,
                &[("type", "1\n"), ("uevent", "DEVTYPE=bridge\n")],
            ),
            (
                LinkKind::Tunnel,
                &[("type", "1\n"), ("uevent", "DEVTYPE=vxlan\n")],
            ),
            (
                LinkKind::Tunnel,
                &[("type", "1\n"), ("tun_flags", "0x1002\n")],
            ),
            (
                LinkKind::Tunnel,
                &[("type", "65534\n"), ("uevent", "DEVTYPE=wireguard\n")],
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let one = folder.path().join(number.to_string());
            fs::create_dir(&one).expect("a folder");
            for (name, text) in files {
                fs::write(one.join(name), text).expect("written");
            }
            assert_eq!(kind_in(&one), kind, "{files:?}");
        }
    }

    #[test]
    fn the_machines_name_is_what_its_daemon_answers_for() {
        let folder = tempfile::tempdir().expect("a folder");
        for (number, (answer, name)) in [
            ("+ 2 0 192.168.1.20 box-2.local\n", Some("box-2.local")),
            ("+ 2 0 192.168.1.20 box.example.org\n", None),
            ("+ 2 0 192.168.1.20 a/b.local\n", None),
            ("+ 2 0 192.168.1.20\n", None),
            ("-15 Timeout reached\n", None),
            ("", None),
        ]
        .into_iter()
        .enumerate()
        {
            let path = folder.path().join(number.to_string());
            let daemon = UnixListener::bind(&path).expect("a socket");
            let answering = std::thread::spawn(move || {
                let (stream, _) = daemon.accept().expect("a question");
                let mut asked = String::new();
                let mut reader = BufReader::new(&stream);
                reader.read_line(&mut asked).expect("a question");
                (&stream).write_all(answer.as_bytes()).expect("it is read");
                asked
            });
            let found = local_name_by(&path, IpAddr::from([192, 168, 1, 20]));
            assert_eq!(found.as_deref(), name, "{answer:?}");
            let asked = answering.join().expect("it asked");
            assert_eq!(asked, "RESOLVE-ADDRESS 192.168.1.20\n");
        }
        assert_eq!(
            local_name_by(&folder.path().join("none"), IpAddr::from([10, 0, 0, 1])),
            None
        );
    }
}
