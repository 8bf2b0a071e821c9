//! The `Host` of a request: its grammar (RFC 9110, section 7.2, with RFC 3986, section 3.2), and the
//! subset that is safe in a line that somebody pastes into a shell.

use std::net::Ipv6Addr;

/// The host and port that `text` names, without the scope of a link-local address, which is local to
/// the client (RFC 9844). `None` if the grammar allows no such host or port.
pub fn host(text: &str) -> Option<String> {
    let Some(rest) = text.strip_prefix('[') else {
        let (name, port) = text.split_once(':').unwrap_or((text, ""));
        return (is_name(name) && is_port(port)).then(|| text.to_string());
    };
    let (inside, after) = rest.split_once(']')?;
    let port = match after {
        "" => "",
        after => after.strip_prefix(':')?,
    };
    let address = match inside.split_once('%') {
        Some((address, scope)) if !scope.is_empty() && scope.bytes().all(is_in_scope) => address,
        Some(_) => return None,
        None => inside,
    };
    let valid = address.parse::<Ipv6Addr>().is_ok() && is_port(port);
    valid.then(|| format!("[{address}]{after}"))
}

/// Reports whether `host` has only letters, digits, and the marks of addresses: to a shell that is one word.
pub fn is_plain(host: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    !host.is_empty() && host.bytes().all(plain)
}

/// Reports whether the valid `host` names a port.
pub fn has_port(host: &str) -> bool {
    let name_ends = host.rfind(']').unwrap_or(0);
    host[name_ends..]
        .split_once(':')
        .is_some_and(|(_, port)| !port.is_empty())
}

/// Reports whether the digits are a port; an empty one means the default port.
fn is_port(digits: &str) -> bool {
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    digits.is_empty() || plain && digits.parse::<u16>().is_ok()
}

/// Reports whether this is a registered name of RFC 3986, IPv4 addresses included.
fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    while let Some(byte) = bytes.next() {
        let good = match byte {
            b'%' => {
                let mut hex = || bytes.next().is_some_and(|b| b.is_ascii_hexdigit());
                hex() && hex()
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte),
        };
        if !good {
            return false;
        }
    }
    true
}

fn is_in_scope(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_are_those_of_the_grammar() {
        for good in [
            "localhost",
            "x:1337",
            "x:",
            "",
            "192.168.1.20:65535",
            "box_1.local.",
            "[::1]",
            "[::1]:1337",
            "[2001:db8::7]:",
            "[::ffff:10.0.0.1]:80",
            "a%20b",
            "a!$&'()*+,;=~b",
        ] {
            assert_eq!(host(good).as_deref(), Some(good));
        }
        for bad in [
            "[::1]$(id)",
            "[::1].evil.example",
            "[::1]1337",
            "[::1",
            "::1",
            "[]",
            "[x]",
            "[10.0.0.1]",
            "[::1%]",
            "[::1%$(id)]",
            "[v1.x]",
            "localhost:99999999",
            "localhost:65536",
            "localhost:+80",
            "localhost:80:80",
            "localhost: 80",
            "localhost:8o",
            "a b",
            "a/b",
            "a@b",
            "a?b",
            "a#b",
            "a\\b",
            "a\"b",
            "a<b",
            "a%2",
            "a%zz",
            "a]b",
            "é",
            "\u{fffd}",
            "http://x",
        ] {
            assert_eq!(host(bad), None, "{bad}");
        }
        let scoped = ["[fe80::1%eth0]:1337", "[fe80::1%25wlp3s0]:1337"];
        assert_eq!(
            scoped.map(host),
            [(); 2].map(|()| Some("[fe80::1]:1337".into()))
        );
    }

    #[test]
    fn a_port_is_after_the_address() {
        for with in ["x:1337", "10.0.0.1:80", "[::1]:1337"] {
            assert!(has_port(with), "{with}");
        }
        for without in ["x", "x:", "10.0.0.1", "[::1]", "[::1]:", "[2001:db8::7]"] {
            assert!(!has_port(without), "{without}");
        }
    }

    #[test]
    fn what_goes_into_a_shell_line_is_one_plain_word() {
        for plain in ["10.0.0.1:1337", "[::1]:1337", "box_1.local"] {
            assert!(is_plain(plain), "{plain}");
        }
        for not in [
            "", "a$b", "a;b", "a&b", "a'b", "a(b", "a*b", "a~b", "a%20b", "a b",
        ] {
            assert!(!is_plain(not), "{not}");
        }
    }

    proptest! {
        #[test]
        fn no_host_has_what_ends_a_word_or_a_line(text in "[ -~\\PC]{0,12}") {
            if let Some(host) = host(&text) {
                let bad = |c: char| !c.is_ascii_graphic() || "\"<>\\^`{|}/?#@".contains(c);
                prop_assert!(!host.contains(bad));
                prop_assert_eq!(super::host(&host), Some(host.clone()));
            }
        }
    }
}
