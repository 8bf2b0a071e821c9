//! Rooms on the local network: the announcement of a server's room (RFC 6762 mDNS, RFC 6763 DNS-SD),
//! and the search for rooms by a window.
//!
//! The service type is `_chatroom._tcp`. The TXT record has `room` (the name that windows show), `id`
//! (of the log, the same for all addresses of a room and after a restart), `version`, and `key=1` if
//! the room has a key.
//!
//! What always holds: nothing is sent beyond the local network, and nothing at all by a room that only
//! this machine can reach. [`net`] has one socket for each network and family, bound to the multicast
//! group, so that packets for one of this machine's addresses do not even arrive; [`messages`] parses
//! and writes messages; [`responder`] and [`finder`] decide, without sockets and clocks; both keep a
//! bounded amount, whatever the network sends.

mod announce;
mod finder;
mod interfaces;
mod messages;
mod net;
mod responder;
mod search;

pub use announce::{Announced, announce};
pub use search::RoomSearch;

use crate::address::Address;

/// The DNS-SD service type.
pub const SERVICE: &str = "_chatroom._tcp.local.";

/// A room found on the local network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRoom {
    /// The id of the room's log; the same for all addresses of a room.
    pub id: String,
    /// The name that windows show.
    pub name: String,
    /// The addresses, best first; never empty.
    pub addresses: Vec<Address>,
    /// Tells whether the room has a key.
    pub key: bool,
}

/// A change among the rooms found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomChange {
    /// A room was found, or its name, key or addresses changed.
    There(FoundRoom),
    /// The room with this id said good-bye, or was not heard from for too long.
    Gone(String),
}
