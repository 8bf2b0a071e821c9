//! Rooms on the local network: how a server tells of its own (RFC 6762 mDNS, RFC 6763 DNS-SD), and
//! how a window finds them.
//!
//! The service type is `_chatroom._tcp`. The TXT record has `room` (the name that windows show), `id`
//! (the log's, the same for all addresses of a room and after a restart), `version`, and `key=1` where
//! the room has a key.
//!
//! What always holds: nothing is sent beyond the local network, and nothing at all by a room that only this
//! machine can reach. [`net`] has one socket for each network and family, bound to the multicast
//! group, so that what was sent to one of this machine's addresses does not even arrive; [`messages`]
//! reads and writes messages; [`responder`] and [`finder`] decide, without sockets and clocks; both
//! keep a bounded amount, whatever the network says.

mod announce;
mod finder;
mod interfaces;
mod messages;
mod net;
mod responder;
mod search;

pub use announce::{Announced, announce};
pub use search::Search;

use crate::address::Address;

/// The DNS-SD service type.
pub const SERVICE: &str = "_chatroom._tcp.local.";

/// A room found on the local network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRoom {
    /// Names the room's log; the same room under several addresses has one.
    pub id: String,
    /// What its windows show.
    pub name: String,
    /// Where it is reached; never empty, the one to try first in front.
    pub addresses: Vec<Address>,
    /// Whether one needs a room key.
    pub key: bool,
}

/// A change among the rooms found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomChange {
    /// A room is there, or is reached otherwise than before.
    There(FoundRoom),
    /// The room with this id said good-bye, or was not heard of for too long.
    Gone(String),
}
