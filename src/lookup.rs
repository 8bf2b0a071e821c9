//! The addresses of a machine that is named. Only the system is asked, and it is not asked about
//! `localhost`: that is this machine (RFC 6761, section 6.3), also where no file or server says so.
//!
//! A static executable asks by way of `getent`. Its own C library would load what nsswitch.conf names,
//! which belongs to the system's one, and aborts where that is of another version.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::process::{Command, Stdio};

use crate::room_key;

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
    let is_name = host.parse::<IpAddr>().is_err() && !host.contains(':');
    if cfg!(target_feature = "crt-static") && is_name {
        match by_getent(host, port) {
            // A system without it has nothing that could be loaded either.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            found => return found,
        }
    }
    Ok((host, port).to_socket_addrs()?.collect())
}

/// What the system's own program says.
fn by_getent(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let unknown = || io::Error::other("no machine by this name is known");
    // No machine's name begins so, and it would be taken for a flag.
    if name.starts_with('-') {
        return Err(unknown());
    }
    let mut getent = Command::new("getent");
    getent.args(["ahosts", name]).env_remove(room_key::VARIABLE);
    // Not /dev/null: where that is missing, it would seem as if getent was.
    let answer = getent.stdin(Stdio::piped()).output()?;
    let found = addresses(&String::from_utf8_lossy(&answer.stdout), port);
    match found.is_empty() {
        true => Err(unknown()),
        false => Ok(found),
    }
}

/// The addresses in what getent prints: one a line, for each type of socket anew.
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
        // An address is one everywhere, also where there is no /etc/hosts: nobody is asked about it.
        let found = by_getent("127.0.0.1", 80).expect("an address");
        assert_eq!(found, [SocketAddr::from((Ipv4Addr::LOCALHOST, 80))]);
        assert!(by_getent("--help", 80).is_err());
    }
}
