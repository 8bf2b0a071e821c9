//! What the window shows and how it changes: pure state, no widgets, no sockets, no clock.
//!
//! What always holds: an event of the room is in the transcript once, and a message that was typed
//! is either there, or stands below it with what has become of it.
//!
//! Here is what can happen and what is done about it; `choosing` has which room, `session` logging in, `reading` what comes,
//! `turned` other logs, `pages` what is missing, `writing` what is typed, `finding` the search, `shown` what is shown.

pub mod commands;
pub mod completion;
mod compose;
mod gaps;
pub mod limits;
mod log_change;
mod login;
mod room_choice;
mod search;
pub mod sent_texts;
#[cfg(test)]
mod tests;
mod unread;
mod view_state;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;

use super::rooms::{Answered, Rooms};
use super::talk::{Ask, Field, Letter, Login, Report, State};
use crate::address::Address;
use crate::event::{Id, Key, Stamp};
use crate::modes::gui::keep::session_file::Kept;
use crate::modes::gui::transcript::history::Entry;
use crate::modes::gui::transcript::history::History;
use crate::modes::gui::transcript::history::Hole;
use crate::modes::gui::transcript::history::What;
use crate::nearby::RoomChange;
pub use log_change::Turn;
use log_change::{Times, Turned};
use room_choice::Choice;
use search::Find;
pub use view_state::Person;

/// What happened to the window.
#[derive(Clone, Debug)]
pub enum Event {
    /// **Log in** was pressed, with what stood in the fields.
    LogIn {
        /// The Server field.
        address: String,
        /// The Name field.
        name: String,
        /// The Room key field.
        key: String,
        /// Go on trying while nobody answers (the name came from the command line).
        persist: bool,
    },
    /// Join the room that there is, under this name and with this key.
    Look {
        /// The name.
        name: String,
        /// The room key; may be empty.
        key: String,
    },
    /// Rooms are to be offered; also those of the network, if `search`.
    Offer {
        /// Look for them.
        search: bool,
    },
    /// These rooms were used, the last one first.
    Recent(Vec<String>),
    /// The search has something to tell.
    Nearby(RoomChange),
    /// A room answers at an address that was tried.
    Answered(Answered),
    /// It was looked for rooms for as long as anybody waits for that.
    Looked {
        /// Somebody is filling in the login meanwhile.
        busy: bool,
    },
    /// What an earlier window left behind, for the login that was asked for just now.
    Kept(Box<Kept>),
    /// What is written in this room is kept, or is not.
    Keeps(bool),
    /// The disk is sure of these messages.
    Sure(Vec<Key>),
    /// The fields for another login were put away.
    Back,
    /// Enter was pressed over a text.
    Say {
        /// The text.
        text: String,
        /// A new random key.
        key: Key,
    },
    /// A refused message is to be sent once more.
    Retry(Key),
    /// A refused message is not to be shown any longer.
    Discard(Key),
    /// The link has something to tell.
    Heard(Report),
    /// The window came to the front, or went to the back.
    Front(bool),
    /// What of the transcript is seen.
    Seen {
        /// Its end is.
        at_end: bool,
        /// The lowest event that is, as an offset.
        near: u64,
    },
    /// A hole of the transcript is in sight.
    Missing {
        /// Which.
        hole: Hole,
        /// What is read lies above it.
        from_above: bool,
    },
    /// Go to the newest.
    ToEnd,
    /// Go to where the room begins.
    ToStart,
    /// What is missing is wanted now, whatever came of it before.
    Fetch,
    /// Comings and goings are to be seen one by one, or as one line again.
    Unfold(u64),
    /// This text is looked for; an empty one ends the search.
    Find(String),
    /// Go to the next match, towards the older or the newer ones.
    FindStep {
        /// Towards the older ones.
        older: bool,
    },
    /// Do not wait for the next attempt to connect.
    TryNow,
    /// What stands in the input has changed.
    Draft(String),
    /// Something about this machine is to be said in the status line.
    Note(String),
    /// Something of less weight is to be said there, while the room is there.
    Aside(String),
    /// Refused messages and notes are not to be shown any longer.
    Dismiss,
    /// So late is it now, on this machine's clock.
    Time(Stamp),
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Log in, with what was kept for that room and name.
    LogIn(Login),
    /// It worked: what is kept from here on is that login's.
    Entered(Address),
    /// It did not; what was kept before goes on.
    NotEntered,
    /// Send it.
    Say(Letter),
    /// Get it from the server.
    Ask(Ask),
    /// Try to connect at once.
    TryNow,
    /// The input was taken: empty it, and remember this for the up key.
    Taken(String),
    /// Put this into the input, if nothing stands there.
    Restore(String),
    /// Put the cursor there and mark what stands there.
    Focus(Field),
    /// This is the address now.
    Fill(Address),
    /// Have somebody choose one of the rooms.
    Choose,
    /// Show where what is new begins.
    GoToUnread,
    /// Show the end.
    GoToEnd,
    /// Show the beginning of what is here.
    GoToStart,
    /// Show the event at this offset.
    Show(u64),
    /// Somebody named us while the window is in the back.
    Notify {
        /// Who.
        from: String,
        /// What they said.
        text: String,
    },
    /// Leave.
    Quit,
}

/// A message that is not in the transcript yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What is to be said.
    pub letter: Letter,
    /// What has become of it.
    pub fate: Fate,
    /// The disk is sure of it: it outlives the window and a power cut.
    pub sure: bool,
}

/// What has become of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Not answered yet.
    Waiting,
    /// The server has it; the stream will bring it.
    Sent(Id),
    /// The server will not have it.
    Refused(String),
}

/// Where the login stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Out,
    /// It is looked for rooms, to join the only one under this name and with this key.
    Looking {
        name: String,
        key: String,
    },
    Asking(Login),
    In {
        login: Login,
        name: String,
        room: String,
    },
}

/// Somebody who is here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    name: String,
    /// When they last said something, or came in, by the server's clock.
    active: Stamp,
}

/// Everything that the window shows.
#[derive(Debug)]
pub struct Model {
    phase: Phase,
    /// The last login that the link was asked for, and what was kept for it once that is known.
    asked: Option<(Login, Option<Kept>)>,
    state: Option<State>,
    /// When it is tried again.
    again_at: Stamp,
    note: Option<String>,
    /// What is said while there is nothing of more weight.
    aside: Option<String>,
    hint: Option<(Field, String)>,
    ask_key: bool,
    /// The longest name that the room takes, once it has said so.
    name_limit: Option<u64>,
    rooms: Rooms,
    /// What is wanted of the rooms.
    choice: Choice,
    token: Option<String>,
    /// The newest event when the login was accepted.
    joined: Option<Id>,

    history: History,
    /// Behind this event the stream began.
    stream_from: Option<Id>,
    /// The newest event that the stream has told of, whatever of it is kept.
    heard: Option<Id>,
    /// What was asked for and is not here yet.
    asking: Vec<Ask>,
    /// The holes that could not be filled, by where they end, and why.
    failed: BTreeMap<u64, String>,
    /// The holes, by where they end, that were made to save memory: they are not filled before
    /// something else is seen.
    parked: BTreeSet<u64>,
    /// The comings and goings that are seen one by one.
    opened: BTreeSet<u64>,
    find: Option<Find>,

    pending: Vec<Pending>,
    /// What is written is kept for the next window.
    keeps: bool,
    /// What this window says by itself below the transcript.
    notes: Vec<String>,
    draft: String,

    members: Vec<Member>,
    /// The newest event that the members account for.
    members_as_of: Option<Id>,
    /// How far the server's clock is ahead of this machine's, in microseconds.
    ahead: i64,
    now: Stamp,
    local: fn(Stamp) -> NaiveDateTime,

    in_front: bool,
    at_end: bool,
    /// The lowest event that is seen.
    near: u64,
    /// Everything that was there at the login has come; from then on the view tells what is seen.
    settled: bool,
    /// The stream left something out.
    gap: bool,
    /// It did just now: what comes next stands behind that.
    left_out: bool,
    /// The newest event that was read.
    read: Option<Id>,
    /// Where the line of what is new stands.
    new_from: Option<u64>,
    times: Times,
    turned: Option<Turned>,
    unread: usize,
    mentions: usize,
    /// There is more that is unread: it is not here, so nobody has counted it.
    uncounted: bool,
    /// Counts what was taken in.
    revision: u64,
}

impl Model {
    /// A window that is not logged in. `local` is the clock on the wall.
    pub fn new(local: fn(Stamp) -> NaiveDateTime) -> Model {
        Model {
            phase: Phase::Out,
            asked: None,
            state: None,
            again_at: Stamp::from_micros(0),
            note: None,
            aside: None,
            hint: None,
            ask_key: false,
            name_limit: None,
            rooms: Rooms::default(),
            choice: Choice::default(),
            token: None,
            joined: None,
            history: History::default(),
            stream_from: None,
            heard: None,
            asking: Vec::new(),
            failed: BTreeMap::new(),
            parked: BTreeSet::new(),
            opened: BTreeSet::new(),
            find: None,
            pending: Vec::new(),
            keeps: true,
            notes: Vec::new(),
            draft: String::new(),
            members: Vec::new(),
            members_as_of: None,
            ahead: 0,
            now: Stamp::from_micros(0),
            local,
            in_front: true,
            at_end: true,
            near: 0,
            settled: false,
            gap: false,
            left_out: false,
            read: None,
            new_from: None,
            times: Times::default(),
            turned: None,
            unread: 0,
            mentions: 0,
            uncounted: false,
            revision: 0,
        }
    }

    /// Takes in what happened; the answer is what to do about it.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        if let Event::Time(now) = event {
            self.now = now;
            return Vec::new();
        }
        self.revision += 1;
        let mut effects = Vec::new();
        match event {
            Event::LogIn {
                address,
                name,
                key,
                persist,
            } => return self.log_in(&address, name, key, persist),
            Event::Look { .. }
            | Event::Offer { .. }
            | Event::Recent(_)
            | Event::Nearby(_)
            | Event::Answered(_)
            | Event::Looked { .. } => return self.choose(event),
            Event::Keeps(keeps) => self.keeps = keeps,
            Event::Sure(keys) => {
                let waiting = self.pending.iter_mut();
                for pending in waiting.filter(|p| keys.contains(&p.letter.key)) {
                    pending.sure = true;
                }
            }
            Event::Kept(kept) => self.left_behind(*kept, &mut effects),
            // What was wrong with them is of no use without them.
            Event::Back => {
                self.hint = None;
                self.put_away();
            }
            Event::Say { text, key } => return self.typed(&text, key),
            Event::Retry(key) => return self.retry(&key),
            Event::Discard(key) => self.pending.retain(|p| p.letter.key != key),
            Event::Heard(report) => self.heard(report, &mut effects),
            Event::Note(sentence) => self.note = Some(sentence),
            Event::Aside(sentence) => self.aside = Some(sentence),
            Event::Front(front) => {
                if front != self.in_front {
                    self.looked_away();
                }
                self.in_front = front;
                self.look();
            }
            Event::Seen { at_end, near } => {
                if self.near != near {
                    self.near = near;
                    self.parked.clear();
                }
                if self.settled && at_end != self.at_end {
                    self.looked_away();
                    self.at_end = at_end;
                }
                self.look_through();
                self.look();
            }
            Event::Missing { hole, from_above } => effects.extend(self.missing(hole, from_above)),
            Event::ToEnd => effects.push(self.go_to_end()),
            Event::ToStart => effects.push(self.go_to_start()),
            Event::Fetch => {
                self.failed.clear();
                self.parked.clear();
                self.history.wake();
            }
            Event::Unfold(first) => {
                if !self.opened.remove(&first) {
                    self.opened.insert(first);
                }
            }
            Event::Find(text) => self.search(&text, &mut effects),
            Event::FindStep { older } => self.step(older, &mut effects),
            Event::TryNow => effects.push(Effect::TryNow),
            Event::Draft(text) => self.draft = text,
            Event::Dismiss => {
                self.pending.retain(|p| !matches!(p.fate, Fate::Refused(_)));
                self.notes.clear();
                (self.note, self.aside) = (None, None);
            }
            Event::Time(_) => {}
        }
        effects
    }
}

/// Whether `place` is at `id` or behind it in the same log.
fn is_past(place: Id, id: Id) -> bool {
    place.log == id.log && place >= id
}
