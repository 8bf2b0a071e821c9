//! The proxies that are trusted to name the client of a request.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cidr::Cidr;
use crate::http::Head;
use crate::modes::server::room::client::Client;

/// The trusted proxies.
#[derive(Debug, Default)]
pub struct Proxies {
    trusted: Vec<Cidr>,
    /// True if the operator was told of a proxy that is not trusted.
    told: AtomicBool,
}

impl Proxies {
    /// All proxies in these networks.
    pub fn new(trusted: Vec<Cidr>) -> Proxies {
        Proxies {
            trusted,
            told: AtomicBool::new(false),
        }
    }

    /// Tells whether `address` is a trusted proxy's.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.has(address))
    }

    /// The client of a request from `peer`: the last hop that is not trusted.
    ///
    /// A proxy writes one of the two fields and may pass the other on as its client sent it. Where
    /// they disagree one of them is made up, and such requests count together as those of `0.0.0.0`: as the
    /// proxy's own they would be taken for those of its machine's users.
    pub(super) fn client(&self, peer: IpAddr, head: &Head) -> Client {
        if !self.has(peer) {
            return peer.into();
        }
        let told = [forwarded_for(head), forwarded(head)]
            .into_iter()
            .filter(|hops| !hops.is_empty())
            .map(|hops| Client::from(self.last_untrusted(peer, &hops)));
        let told: Vec<Client> = told.collect();
        match told.as_slice() {
            [] => peer.into(),
            [one] => *one,
            [one, other] if one == other => *one,
            _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED).into(),
        }
    }

    /// Tells whether the request came to a trusted proxy by TLS. This matters to the client alone, so of several
    /// hops the first decides.
    pub(super) fn encrypted(&self, peer: IpAddr, head: &Head) -> bool {
        let first = |text: &str| text.split(',').next().map(|word| word.trim().to_string());
        let told = || {
            let plain = head.field("x-forwarded-proto").and_then(first);
            plain.or_else(|| {
                let elements = all(head, "forwarded").flat_map(|value| unquoted(value, ','));
                let mut schemes = elements.filter_map(|element| parameter(element, "proto"));
                schemes
                    .next()
                    .map(|word| word.trim().trim_matches('"').to_string())
            })
        };
        self.has(peer) && told().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    }

    fn last_untrusted(&self, peer: IpAddr, hops: &[Option<IpAddr>]) -> IpAddr {
        let mut last = peer;
        for hop in hops.iter().rev() {
            match hop {
                Some(hop) if self.has(last) => last = *hop,
                _ => break,
            }
        }
        last
    }

    /// The notice to the operator, made once, that a request from `peer` seems to come through a proxy that
    /// is not trusted. `named` is whether the request was sent to a name of `--host-name`, which leads to
    /// no machine's own loopback.
    pub(super) fn unknown(&self, peer: IpAddr, head: &Head, named: bool) -> Option<String> {
        let near = match peer {
            IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
            IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
        };
        if !near || self.has(peer) || self.told.load(Ordering::Relaxed) {
            return None;
        }
        let says = ["x-forwarded-for", "forwarded", "x-real-ip", "via"]
            .iter()
            .any(|field| head.field(field).is_some());
        let seems = says || named && peer.is_loopback();
        if !seems || self.told.swap(true, Ordering::Relaxed) {
            return None;
        }
        Some(format!(
            "There seems to be a proxy at {peer}. Everybody who comes through it counts as one \
             address and shares its limits. If it is yours, let it send X-Forwarded-For or \
             Forwarded, and start the server with --trust-proxy {peer}."
        ))
    }
}

/// The hops of all `X-Forwarded-For` fields, the client's first; `None` is one without an address.
fn forwarded_for(head: &Head) -> Vec<Option<IpAddr>> {
    all(head, "x-forwarded-for")
        .flat_map(|value| value.split(','))
        .map(node)
        .collect()
}

/// The hops of all `Forwarded` fields (RFC 7239), the client's first.
fn forwarded(head: &Head) -> Vec<Option<IpAddr>> {
    all(head, "forwarded")
        .flat_map(|value| unquoted(value, ','))
        .map(|element| parameter(element, "for").and_then(node))
        .collect()
}

/// The value of one parameter of an element of `Forwarded`.
fn parameter<'a>(element: &'a str, wanted: &str) -> Option<&'a str> {
    let pairs = unquoted(element, ';').into_iter();
    let mut named = pairs.filter_map(|pair| pair.split_once('='));
    let found = named.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    found.map(|(_, value)| value)
}

fn all<'a>(head: &'a Head, name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = head.fields().iter().filter(move |(n, _)| n == name);
    named.map(|(_, value)| value.as_str())
}

/// The parts between separators that stand outside quotes.
fn unquoted(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    let between = |c: char| {
        quoted ^= c == '"';
        c == separator && !quoted
    };
    text.split(between).collect()
}

/// The address of a hop, which may be quoted, in brackets and with a port.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']')?.0.parse().ok();
    }
    let alone = text.parse().ok();
    alone.or_else(|| text.rsplit_once(':')?.0.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &str) -> Head {
        let text = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        let parsed = Head::parse(text.as_bytes()).expect("a head");
        parsed.expect("whole").0
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn of_ipv6_addresses_have_a_network_in_common() {
        let client = |text| Client::from(ip(text));
        let (one, other) = (client("2001:db8::1"), client("2001:db8::2:3"));
        assert_ne!(one, other);
        assert_eq!(one.network(), other.network());
        assert_ne!(one.network(), client("2001:db8:0:1::1").network());
        // The first address of a network is not the network.
        let first = client("2001:db8::");
        assert_ne!(first, first.network());
        assert_eq!(first.network().network(), one.network());
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_eq!(client("192.0.2.1").network(), client("192.0.2.1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(one.to_string(), "2001:db8::1");
        assert_eq!(one.network().to_string(), "2001:db8::/64");
        assert_eq!(client("192.0.2.1").network().to_string(), "192.0.2.1");
    }

    #[test]
    fn of_the_hops_the_last_that_is_not_trusted_asks() {
        let trusted = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"];
        let trusted = trusted.map(|network| network.parse().expect("a network"));
        let proxies = Proxies::new(trusted.to_vec());
        for (fields, client) in [
            ("", "127.0.0.1"),
            ("X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"),
            // What a client sends itself stands before what the proxy adds.
            ("X-Forwarded-For: 198.51.100.7, 192.0.2.1\r\n", "192.0.2.1"),
            (
                "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 192.0.2.1\r\n",
                "192.0.2.1",
            ),
            (
                "X-Forwarded-For: 198.51.100.7, 192.0.2.1, 10.1.2.3\r\n",
                "192.0.2.1",
            ),
            ("X-Forwarded-For: 10.1.2.3\r\n", "10.1.2.3"),
            ("X-Forwarded-For: 192.0.2.1:4711\r\n", "192.0.2.1"),
            ("X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1"),
            ("X-Forwarded-For: [2001:db8::1]:4711\r\n", "2001:db8::1"),
            // A hop without an address: no further than it.
            ("X-Forwarded-For: 192.0.2.1, unknown\r\n", "127.0.0.1"),
            (
                "X-Forwarded-For: 192.0.2.1, unknown, 10.1.2.3\r\n",
                "10.1.2.3",
            ),
            ("Forwarded: for=192.0.2.1\r\n", "192.0.2.1"),
            (
                "Forwarded: proto=http;For=\"[2001:db8::1]:4711\";by=10.0.0.1\r\n",
                "2001:db8::1",
            ),
            (
                "Forwarded: for=198.51.100.7, for=\"192.0.2.1:80\", for=10.1.2.3\r\n",
                "192.0.2.1",
            ),
            ("Forwarded: for=\"a,b;c\", for=192.0.2.1\r\n", "192.0.2.1"),
            ("Forwarded: for=192.0.2.1, for=_hidden\r\n", "127.0.0.1"),
            ("Forwarded: proto=http\r\n", "127.0.0.1"),
            // Both are there: they must say the same.
            (
                "Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 192.0.2.1\r\n",
                "192.0.2.1",
            ),
            (
                "Forwarded: for=198.51.100.7\r\nX-Forwarded-For: 192.0.2.1\r\n",
                "0.0.0.0",
            ),
            // Nobody poses as the proxy by a field that it passes on.
            (
                "Forwarded: for=127.0.0.1\r\nX-Forwarded-For: 192.0.2.1\r\n",
                "0.0.0.0",
            ),
            (
                "Forwarded: for=_hidden\r\nX-Forwarded-For: 192.0.2.1\r\n",
                "0.0.0.0",
            ),
        ] {
            let asked = proxies.client(ip("127.0.0.1"), &head(fields));
            assert_eq!(asked, ip(client).into(), "{fields}");
        }
        // A peer that is no trusted proxy is not believed.
        let asked = proxies.client(ip("192.0.2.9"), &head("X-Forwarded-For: 192.0.2.1\r\n"));
        assert_eq!(asked, ip("192.0.2.9").into());
    }

    #[test]
    fn a_trusted_proxy_says_whether_it_was_asked_by_tls() {
        let proxies = Proxies::new(vec!["127.0.0.1".parse().expect("a network")]);
        for (fields, encrypted) in [
            ("", false),
            ("X-Forwarded-Proto: https\r\n", true),
            ("X-Forwarded-Proto: HTTPS\r\n", true),
            ("X-Forwarded-Proto: https, http\r\n", true),
            ("X-Forwarded-Proto: http\r\n", false),
            ("Forwarded: for=192.0.2.1;proto=https\r\n", true),
            (
                "Forwarded: for=192.0.2.1; Proto=\"https\", for=10.0.0.1;proto=http\r\n",
                true,
            ),
            ("Forwarded: for=\"_proto=https\"\r\n", false),
            (
                "X-Forwarded-Proto: http\r\nForwarded: proto=https\r\n",
                false,
            ),
        ] {
            let found = proxies.encrypted(ip("127.0.0.1"), &head(fields));
            assert_eq!(found, encrypted, "{fields}");
        }
        let told = head("X-Forwarded-Proto: https\r\n");
        assert!(!proxies.encrypted(ip("192.0.2.9"), &told), "no proxy");
    }

    #[test]
    fn a_proxy_that_is_not_trusted_is_told_once() {
        let through = head("X-Forwarded-For: 192.0.2.1\r\n");
        let proxies = Proxies::new(vec!["10.0.0.1".parse().expect("a network")]);
        let plain = head("");
        let told = |peer, head, named| proxies.unknown(ip(peer), head, named);
        assert_eq!(told("10.0.0.1", &through, false), None, "it is trusted");
        assert_eq!(
            told("192.0.2.9", &through, false),
            None,
            "anybody can say so"
        );
        assert_eq!(told("127.0.0.1", &plain, false), None);
        assert_eq!(told("10.0.0.2", &plain, true), None);
        let said = told("127.0.0.1", &plain, true).expect("told");
        assert!(said.contains("--trust-proxy 127.0.0.1"), "{said}");
        assert_eq!(told("10.0.0.2", &through, false), None, "once");
    }
}
