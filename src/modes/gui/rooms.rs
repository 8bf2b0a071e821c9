//! Which rooms there are to join: those found on the network, those that answer at an address that
//! was tried, and those that were used before. Pure: what is found comes as values.
//!
//! What always holds: one room is offered once, under whichever of its addresses is the best, and
//! what is offered already keeps its place while others come and go.

pub(super) mod discovery;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::address::Address;
use crate::nearby::{FoundRoom, RoomChange};

/// The most rooms of the network that are offered: more is no list for a person, and what a network
/// tells is nobody's promise.
pub const MAX_FOUND: usize = 64;

/// A room that answered at an address that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbedRoom {
    /// Where.
    pub address: Address,
    /// The same place seen from the network, if it is this machine.
    pub aliases: Vec<Address>,
    /// Names the room's log, as [`FoundRoom::id`] does; a room with a key does not say it.
    pub id: Option<String>,
    /// What its windows show; a room with a key does not say it.
    pub name: Option<String>,
}

/// A room that can be joined, as the window lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinableRoom {
    /// Where it is joined.
    pub address: Address,
    /// What its windows show, if that is known. Anybody on the network chooses such words.
    pub name: Option<String>,
    /// Whether one needs a room key, as far as is known.
    pub key: bool,
    /// How many other rooms were used since; `None` if it never was.
    pub used: Option<usize>,
    /// Whether it is known to be there now.
    pub there: bool,
    /// Names the room, as [`FoundRoom::id`] does.
    id: Option<String>,
}

impl JoinableRoom {
    /// Whether it is joined by an address that every machine has for itself.
    pub fn is_this_machine(&self) -> bool {
        let host = self.address.host();
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
    }

    /// Whether both are the same room.
    pub fn is_same(&self, other: &JoinableRoom) -> bool {
        self.address == other.address || self.id.is_some() && self.id == other.id
    }
}

/// The rooms.
#[derive(Clone, Debug, Default)]
pub struct KnownRooms {
    /// The last one first.
    recent: Vec<Address>,
    /// In the order in which they were found.
    found: Vec<FoundRoom>,
    answered: Vec<ProbedRoom>,
}

impl KnownRooms {
    /// The rooms that were used are these, the last one first.
    pub fn set_recent(&mut self, recent: &[String]) {
        let addresses = recent.iter().filter_map(|text| Address::parse(text).ok());
        self.recent = addresses.collect();
    }

    /// The room that was used last.
    pub fn last_used(&self) -> Option<&Address> {
        self.recent.first()
    }

    /// A room came, went, or is reached otherwise.
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

    /// A room answered.
    pub fn answer(&mut self, answered: ProbedRoom) {
        self.answered.retain(|old| old.address != answered.address);
        self.answered.push(answered);
    }

    /// Nothing is known any more of what is there: nobody looks.
    pub fn forget(&mut self) {
        self.found.clear();
        self.answered.clear();
    }

    /// Everything that can be joined: what was used before, the last one first; then what else is
    /// there, in the order in which it was found.
    pub fn offers(&self) -> Vec<JoinableRoom> {
        let mut offers: Vec<JoinableRoom> = Vec::new();
        let mut add = |offer: JoinableRoom| {
            if !offers.iter().any(|other| other.is_same(&offer)) {
                offers.push(offer);
            }
        };
        for (used, address) in self.recent.iter().enumerate() {
            let answered = self.answered.iter().find(|a| a.address == *address);
            let is_it = |room: &&FoundRoom| {
                room.addresses.contains(address) || answered.is_some_and(|a| is_of(a, room))
            };
            let room = self.found.iter().find(is_it);
            add(offer(address.clone(), Some(used), room, answered));
        }
        for room in &self.found {
            // On this machine it is reached whatever becomes of the network.
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

    /// Those of [`KnownRooms::offers`] that are known to be there.
    pub fn present(&self) -> Vec<JoinableRoom> {
        let mut offers = self.offers();
        offers.retain(|offer| offer.there);
        offers
    }
}

/// Whether what answered is that room. Where only one of both says which room it is, the address
/// decides.
fn is_of(answered: &ProbedRoom, room: &FoundRoom) -> bool {
    match &answered.id {
        Some(id) => *id == room.id,
        None => {
            let here = [&answered.address].into_iter().chain(&answered.aliases);
            let mut here = here.filter(|address| room.addresses.contains(address));
            here.next().is_some()
        }
    }
}

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
        // What answers without a name has a key.
        key: room.map_or(answered.is_some_and(|a| a.name.is_none()), |room| room.key),
        used,
        there: room.is_some() || answered.is_some(),
        id: id.or_else(|| answered?.id.clone()),
    }
}
