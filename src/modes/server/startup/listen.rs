//! The port, and the names by which the server is reached.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

use crate::address::{DEFAULT_PORT, port_without_brackets};
use crate::cli::ServerArgs;
use crate::failure::{Failure, reason};
use crate::lookup::lookup;
use crate::system::{limits, sockets};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4_096;

/// Takes the port.
///
/// # Errors
/// A sentence that says which address and why not.
pub fn bind(listen: &str) -> Result<TcpListener, Failure> {
    let address = listen_address(listen)?;
    let listener = TcpListener::bind(address).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "Another program has this port: stop it, or choose another port with --listen."
            }
            io::ErrorKind::PermissionDenied => {
                "Ports below 1024 need administrator rights: choose another one with --listen."
            }
            // With a port that was not taken for one.
            io::ErrorKind::AddrNotAvailable if address.is_ipv6() && !listen.starts_with('[') => {
                "This machine does not have that address: choose one of its own with --listen, in brackets \
                 before a port, as in [fe80::1]:1337."
            }
            io::ErrorKind::AddrNotAvailable => {
                "This machine does not have that address: choose one of its own with --listen."
            }
            _ => "Choose another address with --listen.",
        };
        Failure::new(format!(
            "The server cannot listen on {address}: {}. {advice}",
            reason(&error)
        ))
    })?;
    // Listening again only lengthens the queue; without it a crowd that comes at once is refused.
    let _ = sockets::queue(&listener, BACKLOG);
    Ok(listener)
}

fn listen_address(text: &str) -> Result<SocketAddr, Failure> {
    let wrong = || {
        Failure::setting(format!(
            "{text:?} is not an address to listen on. Use one such as 0.0.0.0:1337 or [::]:1337."
        ))
    };
    if let Some((host, port)) = port_without_brackets(text) {
        return Err(Failure::setting(format!(
            "It is unclear whether {text:?} has a port. Put an IPv6 address in brackets before a \
             port: --listen [{host}]:{port}."
        )));
    }
    if let Ok(ip) = text
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
    {
        return Ok(SocketAddr::from((ip, DEFAULT_PORT)));
    }
    if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
        return Ok(SocketAddr::from(([0, 0, 0, 0], port)));
    }
    if let Ok(whole) = text.parse() {
        return Ok(whole);
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        None => (text, DEFAULT_PORT),
    };
    let found = lookup(host, port).unwrap_or_default();
    found.first().copied().ok_or_else(wrong)
}

/// The names this machine goes by without being told: its own, and one that is listened on.
pub fn own_names(args: &ServerArgs) -> Vec<String> {
    let listen = args.listen.rsplit_once(':').map(|(host, _)| host);
    let listen = listen.unwrap_or(&args.listen).to_string();
    let names = [limits::host_name(), listen].into_iter();
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        for (text, want) in [
            ("0.0.0.0:1337", "0.0.0.0:1337"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("[::1]:80", "[::1]:80"),
            ("8080", "0.0.0.0:8080"),
            (":8080", "0.0.0.0:8080"),
            ("127.0.0.1", "127.0.0.1:1337"),
            ("::1", "[::1]:1337"),
            ("[::1]", "[::1]:1337"),
        ] {
            assert_eq!(listen_address(text).expect(text).to_string(), want);
        }
        assert!(listen_address("not an address").is_err());
        assert!(listen_address("127.0.0.1:99999").is_err());
    }
}
