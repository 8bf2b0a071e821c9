//! The choice of the room: the only one found is joined, of several the user chooses one, and a user
//! who logs in by hand is offered them.
//!
//! What always holds: no user who is filling in the login is logged in meanwhile, and the search ends
//! once a room is joined.

use super::{Effect, Input, Model, Phase};
use crate::modes::gui::rooms::JoinableRoom;
use crate::modes::gui::talk::{Field, Login};
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
    searched_long: bool,
    /// The sentence that asks the user to choose one of the rooms found, if that is needed.
    prompt: Option<&'static str>,
    /// The room that is being joined because it was the only one.
    only: Option<JoinableRoom>,
}

impl Model {
    /// Takes in an input about the rooms to join.
    pub(super) fn choose_room(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::JoinOnlyRoom { name, key } => {
                self.phase = Phase::Searching { name, key };
                self.choice.search = true;
                // What is typed meanwhile is meant for the room.
                return vec![Effect::Focus(Field::Message)];
            }
            Input::OfferRooms { search: false } => self.offer_rooms(),
            Input::OfferRooms { search: true } => self.offer_rooms_of_network(),
            Input::RecentRooms(recent) => self.rooms.set_recent(&recent),
            Input::Nearby(change) => self.rooms.change(change),
            Input::RoomAnswered(answered) => self.rooms.answer(answered),
            Input::SearchedLongEnough { busy } => {
                self.choice.searched_long = true;
                return self.decide(busy);
            }
            _ => {}
        }
        Vec::new()
    }

    /// Offers the known rooms from now on.
    fn offer_rooms(&mut self) {
        if !self.choice.search {
            self.choice.searched_long = false;
        }
        self.choice.offering = true;
    }

    /// Offers the known rooms from now on, and those of the network.
    pub(super) fn offer_rooms_of_network(&mut self) {
        self.offer_rooms();
        self.choice.search = true;
    }

    /// Decides with the rooms found so far.
    fn decide(&mut self, busy: bool) -> Vec<Effect> {
        let Phase::Searching { name, key } = &self.phase else {
            return Vec::new();
        };
        let (name, key) = (name.clone(), key.clone());
        let mut present = self.rooms.present();
        // A room without a key is not told one.
        let mut keyless = false;
        let last = self.rooms.last_used().cloned();
        let address = match (present.len(), last) {
            _ if busy => None,
            (0, last) => last,
            // Anybody can announce a room, even with the name and id of another.
            (1, _) if !key.is_empty() && is_strange(&present[0]) => None,
            (1, _) => {
                let only = present.pop();
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
            let persist = true;
            effects.extend(self.log_in(&address.to_string(), name, key, persist));
            self.note = note;
            return effects;
        }
        self.phase = Phase::Out;
        self.choice.offering = true;
        self.choice.prompt = match present.len() {
            0 => None,
            1 => Some(STRANGE).filter(|_| !busy),
            _ => Some(SEVERAL),
        };
        // The file of the last used room is free for another window.
        let mut effects = vec![Effect::LoginFailed];
        match present.is_empty() {
            _ if busy => {}
            true => effects.push(Effect::Focus(Field::Address)),
            false => effects.push(Effect::ChooseRoom),
        }
        effects
    }

    /// Returns whether the network was searched without finding a room.
    pub(super) fn nothing_found(&self) -> bool {
        self.choice.search && self.choice.searched_long && self.rooms.present().is_empty()
    }

    /// Ends the choice after a login. `same` says that it was not another room or name.
    pub(super) fn end_choice(&mut self, login: &Login, same: bool) {
        if same {
            return;
        }
        let only = self.choice.only.take();
        if let Some(only) = only.filter(|only| only.address == login.address) {
            self.notes.extend(joined_words(&only));
        }
        self.close_choice();
    }

    /// Closes the choice of a room.
    pub(super) fn close_choice(&mut self) {
        self.choice = RoomChoice::default();
        self.rooms.forget();
    }

    /// Returns whether to search for rooms.
    pub fn searches_for_rooms(&self) -> bool {
        self.choice.search
    }

    /// The rooms to offer now. `switching` says that a user who is in a room wants them.
    pub fn offers(&self, switching: bool) -> Vec<JoinableRoom> {
        let offers = match &self.phase {
            Phase::Searching { .. } => false,
            Phase::LoggingIn(_) | Phase::Out => self.choice.offering,
            Phase::In { .. } => switching || self.is_over(),
        };
        match offers {
            false => Vec::new(),
            true if self.choice.prompt.is_some() => self.rooms.present(),
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
            Phase::Out if self.choice.prompt.is_some() && self.has_present_rooms() => {
                self.choice.prompt
            }
            Phase::Out if self.nothing_found() => Some(
                "No room was found on this network; the window keeps looking. To start one on this \
                 machine, run: chatroom server. If you know the address of one, type it and press \
                 Log in.",
            ),
            _ => None,
        }
    }

    fn has_present_rooms(&self) -> bool {
        !self.rooms.present().is_empty()
    }

    /// Returns whether we are in the room at this address, under this name.
    pub fn is_at(&self, address: &str, name: &str) -> bool {
        let Phase::In { login, .. } = &self.phase else {
            return false;
        };
        self.is_connected() && login.address.to_string() == address && login.name == name.trim()
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
    Some(if only.is_this_machine() {
        format!("Joined {name} at {at}, on this machine.")
    } else {
        format!("Joined {name} at {at}, found on this network.")
    })
}
