//! Looks up the addresses of a host name with the system's resolver. `localhost` is always this
//! machine (RFC 6761, section 6.3) and is not looked up.
//!
//! A static executable runs `getent`: its own C library would load the modules that nsswitch.conf
//! names, which belong to the system's C library, and aborts if their versions differ.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::process::{Command, Stdio};

use crate::room_key;

/// The socket addresses of `host`, a name or an IP address without brackets, in the order to try them.
///
/// # Errors
/// The system's error for an unknown name.
pub fn lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![
            (Ipv4Addr::LOCALHOST, port).into(),
            (Ipv6Addr::LOCALHOST, port).into(),
        ]);
    }
    let is_name = host.parse::<IpAddr>().is_err() && !host.contains(':');
    if cfg!(target_feature = "crt-static") && is_name {
        match by_getent(host, port) {
            // A system without getent has no modules to load either.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            found => return found,
        }
    }
    Ok((host, port).to_socket_addrs()?.collect())
}

/// The output of the system's `getent`.
fn by_getent(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let unknown = || io::Error::other("no machine by this name is known");
    // No host name begins with a dash, and getent would take it for a flag.
    if name.starts_with('-') {
        return Err(unknown());
    }
    let mut getent = Command::new("getent");
    getent.args(["ahosts", name]).env_remove(room_key::VARIABLE);
    // Not /dev/null: if that is missing, the error would look as if getent were.
    let answer = getent.stdin(Stdio::piped()).output()?;
    let found = addresses(&String::from_utf8_lossy(&answer.stdout), port);
    if found.is_empty() {
        Err(unknown())
    } else {
        Ok(found)
    }
}

/// The addresses in getent's output, which repeats each address for each type of socket.
fn addresses(said: &str, port: u16) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    let words = said.lines().filter_map(|line| line.split(' ').next());
    for ip in words.filter_map(|word| word.parse::<IpAddr>().ok()) {
        let address = SocketAddr::from((ip, port));
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
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

    #[test]
    fn what_getent_says_is_each_address_once_in_its_order() {
        let said = "2001:db8::7     STREAM chat.example.org\n2001:db8::7     DGRAM  \n\
                    192.0.2.7       STREAM \n192.0.2.7       RAW    \nnonsense\n";
        let found = addresses(said, 80);
        let found: Vec<String> = found.iter().map(SocketAddr::to_string).collect();
        assert_eq!(found, ["[2001:db8::7]:80", "192.0.2.7:80"]);
        assert!(addresses("", 80).is_empty());
    }

    #[test]
    fn the_systems_program_is_asked_for_names() {
        // An address needs no lookup, so this works without /etc/hosts.
        let found = by_getent("127.0.0.1", 80).expect("an address");
        assert_eq!(found, [SocketAddr::from((Ipv4Addr::LOCALHOST, 80))]);
        assert!(by_getent("--help", 80).is_err());
    }
}
