//! The choice of the room: the only one found is joined, of several the user chooses one, and
//! whoever logs in by hand is offered them.
//!
//! What always holds: nobody who is filling in the login is taken anywhere, and the search ends
//! once a room is joined.

use super::{Effect, Input, Model, Phase};
use crate::modes::gui::rooms::JoinableRoom;
use crate::modes::gui::talk::{Field, LinkState, Login};
use crate::modes::gui::text::presentable;

const SEVERAL: &str =
    "There are several rooms. Choose one with the arrow keys and Enter, or click it.";
const STRANGE: &str = "This room wants a key, and you have not been in it before. If its address \
                       is right, join with Enter or a click: only then does it get the key.";

/// The state of choosing a room.
#[derive(Clone, Debug, Default)]
pub(super) struct RoomChoice {
    /// Rooms are offered wherever the user can log in.
    pub(super) offering: bool,
    /// The network is searched.
    pub(super) search: bool,
    /// The search has run long enough to say that nothing was found.
    looked: bool,
    /// The user has to choose one of the rooms found; the sentence for that.
    asked: Option<&'static str>,
    /// The room that is being joined because it was the only one.
    only: Option<JoinableRoom>,
}

impl Model {
    pub(super) fn choose(&mut self, event: Input) -> Vec<Effect> {
        match event {
            Input::JoinOnlyRoom { name, key } => {
                self.phase = Phase::Looking { name, key };
                self.choice.search = true;
                // What is typed meanwhile is meant for the room.
                return vec![Effect::Focus(Field::Message)];
            }
            Input::OfferRooms { search } => self.offer(search),
            Input::RecentRooms(recent) => self.rooms.set_recent(&recent),
            Input::Nearby(change) => self.rooms.change(change),
            Input::RoomAnswered(answered) => self.rooms.answer(answered),
            Input::SearchedLongEnough { busy } => {
                self.choice.looked = true;
                return self.decide(busy);
            }
            _ => {}
        }
        Vec::new()
    }

    /// Offers rooms from now on; with `search`, those of the network too.
    pub(super) fn offer(&mut self, search: bool) {
        if !self.choice.search {
            self.choice.looked = false;
        }
        self.choice.offering = true;
        self.choice.search |= search;
    }

    /// Decides with the rooms found so far.
    fn decide(&mut self, busy: bool) -> Vec<Effect> {
        let Phase::Looking { name, key } = &self.phase else {
            return Vec::new();
        };
        let (name, key) = (name.clone(), key.clone());
        let mut there = self.rooms.present();
        // A room without a key is not told one.
        let mut keyless = false;
        let last = self.rooms.last_used().cloned();
        let address = match (there.len(), last) {
            _ if busy => None,
            (0, last) => last,
            // Anybody can announce a room, even with the name and id of another.
            (1, _) if !key.is_empty() && is_strange(&there[0]) => None,
            (1, _) => {
                let only = there.pop();
                keyless = only.as_ref().is_some_and(|only| !only.key);
                let address = only.as_ref().map(|only| only.address.clone());
                self.choice.only = only;
                address
            }
            _ => None,
        };
        if let Some(address) = address {
            let key = if keyless { String::new() } else { key };
            let mut effects = vec![Effect::FillAddress(address.clone())];
            // A sentence about this machine's settings is still to be read.
            let note = self.note.take();
            effects.extend(self.log_in(&address.to_string(), name, key, true));
            self.note = note;
            return effects;
        }
        self.phase = Phase::Out;
        self.choice.offering = true;
        self.choice.asked = match there.len() {
            0 => None,
            1 => Some(STRANGE).filter(|_| !busy),
            _ => Some(SEVERAL),
        };
        // The file of the last used room is free for another window.
        let mut effects = vec![Effect::LoginFailed];
        match there.is_empty() {
            _ if busy => {}
            true => effects.push(Effect::Focus(Field::Address)),
            false => effects.push(Effect::ChooseRoom),
        }
        effects
    }

    /// Returns whether the network was searched without finding a room.
    pub(super) fn nothing_found(&self) -> bool {
        self.choice.search && self.choice.looked && self.rooms.present().is_empty()
    }

    /// Ends the choice: a login was accepted. `same` is one that the link renewed by itself.
    pub(super) fn found_and_in(&mut self, login: &Login, same: bool) {
        if same {
            return;
        }
        let only = self.choice.only.take();
        if let Some(only) = only.filter(|only| only.address == login.address) {
            self.notes.extend(joined_words(&only));
        }
        self.put_away();
    }

    /// Closes the choice of a room.
    pub(super) fn put_away(&mut self) {
        self.choice = RoomChoice::default();
        self.rooms.forget();
    }

    /// Returns whether to search for rooms.
    pub fn looks_for_rooms(&self) -> bool {
        self.choice.search
    }

    /// The rooms to offer now. `switching` says that a user who is in a room wants them.
    pub fn offers(&self, switching: bool) -> Vec<JoinableRoom> {
        let offers = match &self.phase {
            Phase::Looking { .. } => false,
            Phase::Asking(_) | Phase::Out => self.choice.offering,
            Phase::In { .. } => switching || self.is_over(),
        };
        match offers {
            false => Vec::new(),
            true if self.choice.asked.is_some() => self.rooms.present(),
            true => self.rooms.offers(),
        }
    }

    /// Returns whether there is a room to offer.
    pub fn has_offers(&self) -> bool {
        !self.rooms.offers().is_empty()
    }

    /// The sentence about the rooms that are offered, or about there being none.
    pub fn rooms_words(&self) -> Option<&'static str> {
        match &self.phase {
            Phase::Out if !self.choice.offering => None,
            Phase::Out if self.choice.asked.is_some() && self.has_present() => self.choice.asked,
            Phase::Out if self.nothing_found() => Some(
                "No room was found on this network; the window keeps looking. To start one on this \
                 machine, run: chatroom server. If you know the address of one, type it and press \
                 Log in.",
            ),
            _ => None,
        }
    }

    fn has_present(&self) -> bool {
        !self.rooms.present().is_empty()
    }

    /// Returns whether we are in the room at this address, under this name.
    pub fn is_at(&self, address: &str, name: &str) -> bool {
        let Phase::In { login, .. } = &self.phase else {
            return false;
        };
        let held = matches!(
            self.state,
            Some(LinkState::Connected | LinkState::Paused { .. })
        );
        held && login.address.to_string() == address && login.name == name.trim()
    }
}

/// Returns whether the room wants a key and its address was never chosen by the user: it might be
/// anybody's.
fn is_strange(only: &JoinableRoom) -> bool {
    only.key && only.used.is_none() && !only.is_this_machine()
}

/// The note about a room that was joined because it was the only one; none if it was the last one
/// used.
fn joined_words(only: &JoinableRoom) -> Option<String> {
    if only.used == Some(0) {
        return None;
    }
    let name = only.name.as_deref().map(presentable);
    let name = name.as_deref().unwrap_or("the room");
    let at = only.address.short();
    Some(match only.is_this_machine() {
        true => format!("Joined {name} at {at}, on this machine."),
        false => format!("Joined {name} at {at}, found on this network."),
    })
}
