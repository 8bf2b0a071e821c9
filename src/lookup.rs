//! The addresses of a machine that is named. Only the system is asked, and it is not asked about
//! `localhost`: that is this machine (RFC 6761, section 6.3), also where no file or server says so.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

/// Where `host`, a name or an IP address without brackets, has this port; the one to try first in front.
///
/// # Errors
/// What the system says of a name that it does not know.
pub fn lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![
            (Ipv4Addr::LOCALHOST, port).into(),
            (Ipv6Addr::LOCALHOST, port).into(),
        ]);
    }
    Ok((host, port).to_socket_addrs()?.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_and_so_are_addresses() {
        let found = |host| lookup(host, 80).map(|found| found.first().map(SocketAddr::to_string));
        assert_eq!(
            found("LocalHost").ok().flatten().as_deref(),
            Some("127.0.0.1:80")
        );
        assert_eq!(found("::1").ok().flatten().as_deref(), Some("[::1]:80"));
    }
}
