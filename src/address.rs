//! Where a room is: what people type, and what goes on the wire.

use std::fmt;

use crate::cli::DEFAULT_PORT;

/// The machine and the port that a room listens on.
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

impl Address {
    /// Understands `host`, `host:port`, `[v6]:port`, `v6` and `http://host:port/`.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what an address looks like.
    pub fn parse(text: &str) -> Result<Address, String> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => (String::new(), text),
        };
        if scheme == "https" {
            return Err("A room speaks plain HTTP: write http:// or leave it out.".to_string());
        }
        if !matches!(scheme.as_str(), "" | "http") {
            return Err(not_understood(text));
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = if let Some(inside) = rest.strip_prefix('[') {
            let (host, after) = inside.split_once(']').ok_or_else(|| not_understood(text))?;
            (host, after)
        } else if rest.matches(':').count() > 1 {
            (rest, "") // A bare IPv6 address.
        } else {
            rest.split_at(rest.find(':').unwrap_or(rest.len()))
        };
        let valid = match host.contains(':') {
            true => {
                let address = host.split('%').next().unwrap_or(host);
                address.parse::<std::net::Ipv6Addr>().is_ok() && host.chars().all(is_host_char)
            }
            false => !host.is_empty() && !rest.starts_with('[') && host.chars().all(is_host_char),
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => Some(DEFAULT_PORT),
            None => None,
            Some(digits) => digits.parse().ok().filter(|port| *port != 0),
        };
        match (valid, port) {
            (true, Some(port)) => Ok(Address {
                host: host.to_string(),
                port,
            }),
            (true, None) => Err(format!(
                "\"{text}\" has no valid port. A port is a number from 1 to 65535, as in \
                 192.168.1.20:1337."
            )),
            (false, _) => Err(not_understood(text)),
        }
    }

    /// What to look up.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// As the window's title has it: the port only where it is not the usual one.
    pub fn short(&self) -> String {
        match self.port {
            DEFAULT_PORT => self.host.clone(),
            _ => self.to_string(),
        }
    }
}

/// As it is shown, remembered and sent in `Host`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Nothing else can be in a host's name, and nothing else may get into a request's head.
fn is_host_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%')
}

fn not_understood(text: &str) -> String {
    match text {
        "" => "Type where the room is, for example 192.168.1.20:1337.".to_string(),
        _ => format!(
            "\"{text}\" is no address. Write it like 192.168.1.20:1337 or like a machine's name."
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
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!(address.to_string(), shown);
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
            "host/path",
            ":1",
            "é",
        ] {
            let sentence = Address::parse(wrong).expect_err(wrong);
            assert!(sentence.ends_with('.'), "{wrong:?}: {sentence}");
        }
    }

    #[test]
    fn the_title_leaves_the_usual_port_out() {
        assert_eq!(Address::default().short(), "127.0.0.1");
        assert_eq!(Address::parse("a:80").expect("an address").short(), "a:80");
    }
}
