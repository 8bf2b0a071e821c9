//! The rooms that can be joined: those found on the network, those that answer at a probed address,
//! and those used before. Pure: findings come in as values.
//!
//! What always holds: a room is offered once, under the best of its addresses, and an offer keeps
//! its place while others come and go.

pub(super) mod discovery;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::address::Address;
use crate::nearby::{FoundRoom, RoomChange};

/// Most rooms of the network that are offered. Nobody can choose from a longer list, and anybody can
/// announce rooms.
pub const MAX_FOUND: usize = 64;

/// A room that answered at a probed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbedRoom {
    /// The probed address.
    pub address: Address,
    /// The same address as seen from the network, if it is this machine.
    pub aliases: Vec<Address>,
    /// The id of the room's log, as [`FoundRoom::id`]; a room with a key does not say it.
    pub id: Option<String>,
    /// The room's name; a room with a key does not say it.
    pub name: Option<String>,
}

/// A room that can be joined, as the window lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinableRoom {
    /// The address at which it is joined.
    pub address: Address,
    /// The room's name, if known. Anybody on the network chooses such words.
    pub name: Option<String>,
    /// The room is known to have a key.
    pub key: bool,
    /// The number of other rooms used since; `None` if it was never used.
    pub used: Option<usize>,
    /// The room is known to be there now.
    pub there: bool,
    /// The id of the room's log, as [`FoundRoom::id`].
    id: Option<String>,
}

impl JoinableRoom {
    /// Returns whether its address is a loopback address.
    pub fn is_this_machine(&self) -> bool {
        let host = self.address.host();
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
    }

    /// Returns whether both are the same room.
    pub fn is_same(&self, other: &JoinableRoom) -> bool {
        self.address == other.address || self.id.is_some() && self.id == other.id
    }
}

/// All rooms known to the window.
#[derive(Clone, Debug, Default)]
pub struct KnownRooms {
    /// The rooms that were used, the last one first.
    recent: Vec<Address>,
    /// The rooms of the network, in the order in which they were found.
    found: Vec<FoundRoom>,
    /// The rooms that answered at probed addresses.
    answered: Vec<ProbedRoom>,
}

impl KnownRooms {
    /// Sets the rooms that were used, the last one first; texts that are no addresses are left out.
    pub fn set_recent(&mut self, recent: &[String]) {
        let addresses = recent.iter().filter_map(|text| Address::parse(text).ok());
        self.recent = addresses.collect();
    }

    /// The room that was used last.
    pub fn last_used(&self) -> Option<&Address> {
        self.recent.first()
    }

    /// Takes in a room that came, went or changed.
    pub fn change(&mut self, change: RoomChange) {
        match change {
            RoomChange::There(room) => {
                let known = self.found.iter().position(|known| known.id == room.id);
                match known {
                    _ if room.addresses.is_empty() => {}
                    Some(at) => self.found[at] = room,
                    None if self.found.len() < MAX_FOUND => self.found.push(room),
                    None => {}
                }
            }
            RoomChange::Gone(id) => self.found.retain(|known| known.id != id),
        }
    }

    /// Takes in a room that answered.
    pub fn answer(&mut self, answered: ProbedRoom) {
        self.answered.retain(|old| old.address != answered.address);
        self.answered.push(answered);
    }

    /// Forgets the rooms found: the search is over.
    pub fn forget(&mut self) {
        self.found.clear();
        self.answered.clear();
    }

    /// All rooms that can be joined: those used before, the last one first; then the others, in the
    /// order in which they were found.
    pub fn offers(&self) -> Vec<JoinableRoom> {
        let mut offers: Vec<JoinableRoom> = Vec::new();
        let mut add = |offer: JoinableRoom| {
            if !offers.iter().any(|other| other.is_same(&offer)) {
                offers.push(offer);
            }
        };
        for (used, address) in self.recent.iter().enumerate() {
            let answered = self.answered.iter().find(|a| a.address == *address);
            let is_at = |room: &&FoundRoom| {
                room.addresses.contains(address) || answered.is_some_and(|a| is_of(a, room))
            };
            let room = self.found.iter().find(is_at);
            add(offer(address.clone(), Some(used), room, answered));
        }
        for room in &self.found {
            // An address on this machine works whatever becomes of the network.
            let answered = self.answered.iter().find(|answered| is_of(answered, room));
            let address = match answered {
                Some(answered) => &answered.address,
                None => &room.addresses[0],
            };
            add(offer(address.clone(), None, Some(room), answered));
        }
        for answered in &self.answered {
            add(offer(answered.address.clone(), None, None, Some(answered)));
        }
        offers
    }

    /// The rooms of [`KnownRooms::offers`] that are known to be there.
    pub fn present(&self) -> Vec<JoinableRoom> {
        let mut offers = self.offers();
        offers.retain(|offer| offer.there);
        offers
    }
}

/// Returns whether a probed room is that room of the network. If the probed one does not give its id,
/// the addresses decide.
fn is_of(answered: &ProbedRoom, room: &FoundRoom) -> bool {
    match &answered.id {
        Some(id) => *id == room.id,
        None => {
            let mut own = [&answered.address].into_iter().chain(&answered.aliases);
            own.any(|address| room.addresses.contains(address))
        }
    }
}

/// Joins what is known of the room at an address.
fn offer(
    address: Address,
    used: Option<usize>,
    room: Option<&FoundRoom>,
    answered: Option<&ProbedRoom>,
) -> JoinableRoom {
    let name = room.map(|room| room.name.clone());
    let id = room.map(|room| room.id.clone());
    JoinableRoom {
        address,
        name: name.or_else(|| answered?.name.clone()),
        // A room that answers without its name has a key.
        key: room.map_or(answered.is_some_and(|a| a.name.is_none()), |room| room.key),
        used,
        there: room.is_some() || answered.is_some(),
        id: id.or_else(|| answered?.id.clone()),
    }
}
