//! The address of a room, as people type it and as requests carry it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::wire::endpoint::Endpoint;

/// The default port of a room, the original's.
pub const DEFAULT_PORT: u16 = 1337;

/// The host and port that a room listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
}

impl Default for Address {
    fn default() -> Address {
        Address {
            host: "127.0.0.1".to_string(),
            port: DEFAULT_PORT,
        }
    }
}

/// The port of an `http://` URL that names none.
const HTTP_PORT: u16 = 80;
/// The scheme of a join link.
const LINK: &str = "chatroom";

impl Address {
    /// The address of `ip` and a port other than 0. `scope` names the interface of a link-local address
    /// (RFC 4007); for others it is ignored.
    pub fn of_ip(ip: IpAddr, port: u16, scope: &str) -> Address {
        let host = match ip {
            IpAddr::V6(v6) if v6.is_unicast_link_local() => format!("{ip}%{scope}"),
            _ => ip.to_string(),
        };
        Address { host, port }
    }

    /// Reads `host`, `host:port`, `[v6]:port`, `v6`, `http://host:port/`, what the server prints
    /// for curl (`http://host:port/events`), and the join link `chatroom://host:port`. Without a port
    /// an `http://` URL means 80, as everywhere, and everything else the room's usual one. In URLs and
    /// links a scope is written `%25eth0` (RFC 6874).
    ///
    /// # Errors
    /// A sentence that says what is wrong and what an address looks like.
    pub fn parse(text: &str) -> Result<Address, String> {
        let text = text.trim();
        let (scheme, authority) = scheme_and_authority(text)?;
        let (host, port) = host_and_port(authority).ok_or_else(|| not_understood(text))?;
        let in_brackets = authority.starts_with('[');
        if let Some((host, port)) = port_without_brackets(host).filter(|_| !in_brackets) {
            return Err(format!(
                "It is unclear whether \"{text}\" has a port. Put an IPv6 address in brackets \
                 before a port: [{host}]:{port}."
            ));
        }
        let is_valid = if host.contains(':') {
            is_ipv6(host)
        } else {
            !in_brackets && is_name(host)
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() && scheme == "http" => Some(HTTP_PORT),
            None if port.is_empty() => Some(DEFAULT_PORT),
            None => None,
            Some(digits) => digits.parse().ok().filter(|port| *port != 0),
        };
        match (is_valid, port) {
            (true, Some(port)) => Ok(Address {
                host: if matches!(scheme.as_str(), LINK | "http") {
                    host.replacen("%25", "%", 1)
                } else {
                    host.to_string()
                },
                port,
            }),
            (true, None) => Err(format!(
                "\"{text}\" has no valid port. A port is a number from 1 to 65535, as in \
                 192.168.1.20:1337."
            )),
            (false, _) => Err(not_understood(text)),
        }
    }

    /// The host name or IP address, with the scope of a link-local one.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The link that joins the room there: `chatroom://192.168.1.20:1337`.
    pub fn link(&self) -> String {
        format!("{LINK}://{}", self.to_string().replacen('%', "%25", 1))
    }

    /// The value of a request's `Host`, without a scope, which is local to this machine (RFC 9844).
    pub fn authority(&self) -> String {
        let host = self.host.split('%').next().unwrap_or(&self.host);
        let host = host.to_string();
        Address {
            host,
            port: self.port,
        }
        .to_string()
    }

    /// The address in the window's title, with the port only if it is not the default.
    pub fn short(&self) -> String {
        match self.port {
            DEFAULT_PORT => self.host.clone(),
            _ => self.to_string(),
        }
    }
}

/// The full form, as it is shown and remembered.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The address and the port that `text` was probably meant for, if all of it is an IPv6 address that no
/// machine has (its first 96 bits are zero) and the part before the last colon is the loopback address.
pub fn port_without_brackets(text: &str) -> Option<(Ipv6Addr, u16)> {
    let whole: Ipv6Addr = text.parse().ok()?;
    let (host, port) = text.rsplit_once(':')?;
    let host: Ipv6Addr = host.parse().ok()?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    let nowhere = whole.segments()[..6].iter().all(|part| *part == 0);
    (nowhere && host.is_loopback()).then_some((host, port))
}

/// Tells whether `c` can be in a host's name. Nothing else may get into a request's head.
fn is_host_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%')
}

/// The scheme in lower case, which may be empty, and the host and port after it.
///
/// # Errors
/// A sentence about another scheme, or about what stands before or after the host and port.
fn scheme_and_authority(text: &str) -> Result<(String, &str), String> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => (String::new(), text),
    };
    if scheme == "https" {
        return Err("A room speaks plain HTTP: write http:// or leave it out.".to_string());
    }
    if !matches!(scheme.as_str(), "" | "http" | LINK) {
        return Err(not_understood(text));
    }
    // A URL for curl leads into the same room; any other path belongs to another site.
    let rest = match rest.find(['/', '?', '#']) {
        Some(at) if scheme == "http" && is_ours(&rest[at..]) => &rest[..at],
        _ => rest,
    };
    if rest.contains('@') {
        return Err(format!(
            "\"{text}\" contains a name. Give the address without it, and the name with --name \
             or in the window."
        ));
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if let Some(at) = rest.find(['/', '?', '#']).filter(|at| *at > 0) {
        return Err(format!(
            "\"{text}\" has something after the address. An address ends with the port, as in \
             192.168.1.20:1337: leave out \"{}\".",
            &rest[at..]
        ));
    }
    Ok((scheme, rest))
}

/// The host without brackets, and the rest with the colon of a port; `None` if a bracket is not closed.
fn host_and_port(authority: &str) -> Option<(&str, &str)> {
    if let Some(inside) = authority.strip_prefix('[') {
        return inside.split_once(']');
    }
    Some(if authority.matches(':').count() > 1 {
        // A bare IPv6 address.
        (authority, "")
    } else {
        authority.split_at(authority.find(':').unwrap_or(authority.len()))
    })
}

/// Returns whether a host is an IPv6 address, which may have a scope.
fn is_ipv6(host: &str) -> bool {
    let address = host.split('%').next().unwrap_or(host);
    address.parse::<Ipv6Addr>().is_ok() && host.chars().all(is_host_char)
}

/// Returns whether a host may be a name or an IPv4 address; a `%` would introduce a scope, which only an IPv6
/// address has.
fn is_name(host: &str) -> bool {
    !host.is_empty() && !host.contains('%') && host.chars().all(is_host_char)
}

/// Tells whether a server's own URL continues like this after the port.
fn is_ours(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    path.is_empty() || Endpoint::any_at(path)
}

fn not_understood(text: &str) -> String {
    match text {
        "" => "Type the room's address, for example 192.168.1.20:1337.".to_string(),
        _ => format!(
            "\"{text}\" is not an address. Write one like 192.168.1.20:1337, or a machine's name."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood() {
        for (text, shown) in [
            ("example", "example:1337"),
            (" example.org:80 ", "example.org:80"),
            ("192.168.1.20", "192.168.1.20:1337"),
            ("[::1]:7", "[::1]:7"),
            ("[::1]", "[::1]:1337"),
            ("::1", "[::1]:1337"),
            ("fe80::1%eth0", "[fe80::1%eth0]:1337"),
            ("http://host:81/", "host:81"),
            ("HTTP://[::1]:81", "[::1]:81"),
            ("http://192.168.7.1:1337/events", "192.168.7.1:1337"),
            ("http://host/events?since=all&token=a@b", "host:80"),
            ("http://chat.example.org", "chat.example.org:80"),
            ("HTTP://[::1]/", "[::1]:80"),
            ("http://host:81/messages/5d2f0a11-0-9d02", "host:81"),
            ("http://host:81?limit=3", "host:81"),
            ("http://[fe80::1%25eth0]:81/log.txt", "[fe80::1%eth0]:81"),
            ("chatroom://192.168.1.20", "192.168.1.20:1337"),
            ("chatroom://host:81/", "host:81"),
            ("ChatRoom://[::1]/", "[::1]:1337"),
            ("chatroom://[fe80::1%25eth0]:1338", "[fe80::1%eth0]:1338"),
            ("chatroom://[fe80::1%eth0]:1338", "[fe80::1%eth0]:1338"),
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!(address.to_string(), shown);
            assert_eq!(Address::parse(&address.link()), Ok(address.clone()));
            assert_eq!(Address::parse(shown), Ok(address));
        }
    }

    #[test]
    fn everything_else_is_answered_with_a_sentence() {
        for wrong in [
            "",
            " ",
            "host:",
            "host:x",
            "host:0",
            "host:65536",
            "host:-1",
            "a b",
            "a\r\nb",
            "ftp://a",
            "https://a",
            "[::1",
            "[::1]x",
            "[host]:1",
            "1:2:3",
            "user@host",
            "a%20b",
            "chatroom:",
            "chatroom://",
            "chatroom:///",
            "chatroom://uthira@host",
            "chatroom://uthira:key@host:1337",
            "chatroom://h%6fst:1337",
            "chatroom://host:1337/room",
            "chatroom://host:1337//",
            "chatroom://host:1337?name=x",
            "chatroom://host:1337#end",
            "chatroom://host:70000",
            "chatroom://http://host",
            "host/path",
            "http://host/another/site",
            "http://host:1337/events/",
            "http://",
            "http:///events",
            ":1",
            "é",
        ] {
            let sentence = Address::parse(wrong).expect_err(wrong);
            assert!(sentence.ends_with('.'), "{wrong:?}: {sentence}");
        }
    }

    #[test]
    fn a_port_after_an_address_without_brackets_is_asked_about() {
        for text in ["::1:6101", "http://::1:6101/", "chatroom://::1:6101"] {
            let sentence = Address::parse(text).expect_err(text);
            assert!(sentence.contains(": [::1]:6101."), "{sentence}");
        }
        // Machines have these.
        for text in ["::1", "fe80::1:1337", "2001:db8::1:1337", "[::1:6101]"] {
            assert!(Address::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_follows_the_port_is_not_called_a_wrong_port() {
        for text in ["192.168.7.1:1337/events", "http://192.168.7.1:1337/room/"] {
            let sentence = Address::parse(text).expect_err(text);
            assert!(sentence.contains("ends with the port"), "{sentence}");
            assert!(!sentence.contains("no valid port"), "{sentence}");
        }
    }

    #[test]
    fn a_join_link_is_what_a_desktop_can_open() {
        let link = |text: &str| Address::parse(text).expect(text).link();
        assert_eq!(link("192.168.1.20"), "chatroom://192.168.1.20:1337");
        assert_eq!(link("[fe80::1%eth0]:80"), "chatroom://[fe80::1%25eth0]:80");
    }

    #[test]
    fn a_request_names_no_network_of_the_machine_it_comes_from() {
        for (text, want) in [
            ("chatroom://[fe80::1%25eth0]", "[fe80::1]:1337"),
            ("fe80::1%eth0", "[fe80::1]:1337"),
            ("[::1]:80", "[::1]:80"),
            ("box.local", "box.local:1337"),
        ] {
            let authority = Address::parse(text).expect(text).authority();
            assert_eq!(authority, want);
            assert_eq!(crate::http::host::host(&authority), Some(authority));
        }
    }

    #[test]
    fn only_a_link_local_address_needs_its_network_named() {
        for (ip, host) in [
            ("10.0.0.7", "10.0.0.7"),
            ("fd00::7", "fd00::7"),
            ("fe80::7", "fe80::7%eth0"),
        ] {
            let address = Address::of_ip(ip.parse().expect(ip), 1337, "eth0");
            assert_eq!(address.host(), host);
            assert_eq!(Address::parse(&address.to_string()), Ok(address));
        }
    }

    #[test]
    fn the_title_leaves_the_usual_port_out() {
        assert_eq!(Address::default().short(), "127.0.0.1");
        assert_eq!(Address::parse("a:80").expect("an address").short(), "a:80");
    }
}
