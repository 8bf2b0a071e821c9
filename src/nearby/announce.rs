//! The announcement of a room on the local network.

use std::net::{IpAddr, SocketAddr};
use std::thread::JoinHandle;

use crate::failure::reason;
use crate::system::wait::{Wake, waking};

use super::interfaces::Reach;
use super::net::Net;
use super::responder::Responder;

/// A running announcement. Dropping it says good-bye, so that windows forget the room at once.
#[derive(Debug)]
pub struct Announced {
    /// Dropping it ends the thread.
    stop: Option<Wake>,
    thread: Option<JoinHandle<()>>,
    networks: Vec<String>,
    trouble: Option<String>,
}

impl Announced {
    /// The names of the networks on which the room was announced at the start. Networks that appear
    /// later are added without being listed.
    pub fn networks(&self) -> &[String] {
        &self.networks
    }

    /// The reason why the announcement failed on a network at the start, if it did.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // The thread sends one packet to each network, waits for nothing, and ends.
            let _ = thread.join();
        }
    }
}

/// Announces the room that listens on `bound`: on all networks of this machine for the unspecified
/// address, else on the network with that address. `None` if nobody else can reach it (loopback).
///
/// # Errors
/// A sentence with the reason, and with how to join all the same.
pub fn announce(
    room: &str,
    id: &str,
    key: bool,
    bound: SocketAddr,
) -> Result<Option<Announced>, String> {
    let Some(reach) = reach(bound.ip()) else {
        return Ok(None);
    };
    let failed = |error: std::io::Error| {
        format!(
            "This room cannot be announced on the local network: {}. Others can join with the \
             address.",
            reason(&error)
        )
    };
    let unique = getrandom::u32().map_err(|error| failed(std::io::Error::other(error)))?;
    let mut responder = Responder::new(room, id, key, bound.port(), &format!("{unique:08x}"));
    let net = Net::open(reach);
    let networks = net.names();
    let trouble = net.trouble().map(reason);
    let (stop, stopped) = waking().map_err(failed)?;
    let thread = std::thread::Builder::new()
        .name("announcing".into())
        .spawn(move || net.run(&mut responder, &stopped))
        .map_err(failed)?;
    Ok(Some(Announced {
        stop: Some(stop),
        thread: Some(thread),
        networks,
        trouble,
    }))
}

fn reach(bound: IpAddr) -> Option<Reach> {
    match bound {
        ip if ip.to_canonical().is_loopback() => None,
        IpAddr::V4(ip) if ip.is_unspecified() => Some(Reach::All {
            v4: true,
            v6: false,
        }),
        IpAddr::V6(ip) if ip.is_unspecified() => Some(Reach::All { v4: true, v6: true }),
        ip => Some(Reach::Only(ip.to_canonical())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_told_of_where_it_is_reached() {
        let reach = |ip: &str| reach(ip.parse().expect(ip));
        let all = |v4, v6| Some(Reach::All { v4, v6 });
        for loopback in ["127.0.0.1", "127.5.5.5", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(reach(loopback), None, "{loopback}");
        }
        assert_eq!(reach("0.0.0.0"), all(true, false));
        assert_eq!(reach("::"), all(true, true));
        let one = Reach::Only(IpAddr::from([10, 0, 0, 7]));
        assert_eq!(reach("10.0.0.7"), Some(one));
        assert_eq!(reach("::ffff:10.0.0.7"), Some(one));
    }
}
