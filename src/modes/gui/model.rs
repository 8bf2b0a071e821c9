//! The window's model, which decides what is shown: pure state without widgets, sockets or a clock.
//! An [`Input`] goes in, [`Effect`]s come out.
//!
//! What always holds: an event of the room is in the transcript once, and a message that was typed
//! is either there, or stands below it with its delivery.
//!
//! `room_choice` decides which room is joined; `login` has logging in, the connection and the
//! members; `unread` takes events in and counts what is new; `log_change` handles another log;
//! `gaps` fills gaps of the history; `compose` sends messages and carries out commands; `search`
//! finds texts; `view_state` is what the window reads.

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

use super::rooms::{KnownRooms, ProbedRoom};
use super::talk::{Field, HistoryQuery, LinkState, Login, OutboxMessage, Report};
use crate::address::Address;
use crate::event::{Id, Key, Stamp};
use crate::modes::gui::keep::session_file::SavedSession;
use crate::modes::gui::transcript::history::EntryKind;
use crate::modes::gui::transcript::history::Gap;
use crate::modes::gui::transcript::history::HistoryEntry;
use crate::modes::gui::transcript::history::Scrollback;
use crate::modes::gui::transcript::surroundings::{Delivery, LogChange, Pending};
use crate::nearby::RoomChange;
use log_change::{ChangedLog, ReadTimes};
use room_choice::RoomChoice;
use search::TextSearch;
pub use view_state::Person;

/// An input of the model: what the user, the link, the search for rooms or the clock brings.
#[derive(Clone, Debug)]
pub enum Input {
    /// **Log in** was pressed over these fields.
    LogIn {
        /// The Server field.
        address: String,
        /// The Name field.
        name: String,
        /// The Room key field.
        key: String,
        /// Retry until somebody answers (the name came from the command line).
        persist: bool,
    },
    /// Join the only room that is found, under this name and with this key.
    JoinOnlyRoom {
        /// The name.
        name: String,
        /// The room key; may be empty.
        key: String,
    },
    /// Offer rooms; with `search`, those of the network too.
    OfferRooms {
        /// Search the network.
        search: bool,
    },
    /// The rooms that were used before, the last one first.
    RecentRooms(Vec<String>),
    /// The search found, lost or updated a room.
    Nearby(RoomChange),
    /// A room answered at an address that was probed.
    RoomAnswered(ProbedRoom),
    /// The search has run as long as anybody waits for it.
    SearchedLongEnough {
        /// The user is filling in the login meanwhile.
        busy: bool,
    },
    /// The state that an earlier window saved for the login just requested.
    Restored(Box<SavedSession>),
    /// The state of this room is saved for the next window, or is not.
    Saving(bool),
    /// These messages have reached the disk.
    Durable(Vec<Key>),
    /// The fields for another login were closed.
    CancelLogin,
    /// Enter was pressed over a text: a message or a command.
    Send {
        /// The text.
        text: String,
        /// A new random key.
        key: Key,
    },
    /// Send a refused message again.
    Retry(Key),
    /// Remove a refused message.
    Discard(Key),
    /// A report of the link.
    Link(Report),
    /// The window came to the front, or went to the back.
    Front(bool),
    /// The visible part of the transcript changed.
    Viewed {
        /// The end is visible.
        at_end: bool,
        /// The lowest visible event, as an offset.
        lowest_visible: u64,
    },
    /// A gap of the transcript is in sight.
    GapInSight {
        /// The gap.
        gap: Gap,
        /// The reader comes from above it.
        from_above: bool,
    },
    /// Go to the newest event.
    GoToEnd,
    /// Go to where the room begins.
    GoToStart,
    /// Fetch what is missing now, whatever came of it before.
    FillGaps,
    /// Unfold a run of joins and leaves, by the offset of its first, or fold it again.
    Unfold(u64),
    /// Search for this text; an empty one ends the search.
    Search(String),
    /// Go to the next match.
    SearchStep {
        /// Towards the older ones.
        older: bool,
    },
    /// Connect now instead of waiting for the next attempt.
    TryNow,
    /// The text in the input changed.
    Draft(String),
    /// A sentence about this machine for the status line.
    Note(String),
    /// A less important one, shown only while the room is connected.
    MinorNote(String),
    /// Remove refused messages and notes.
    Dismiss,
    /// The time on this machine's clock.
    Time(Stamp),
}

/// An effect that the event loop carries out for the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Log in, with the state saved for that room and name.
    LogIn(Login),
    /// The login was accepted: from here on that login's state is saved.
    LoggedIn(Address),
    /// The login was refused; the state of the session before goes on being saved.
    LoginFailed,
    /// Send this message.
    Send(OutboxMessage),
    /// Fetch this part of the history.
    Fetch(HistoryQuery),
    /// Connect at once.
    TryNow,
    /// The input was accepted: remember it for the up key.
    Accepted(String),
    /// Put this text into the input if that is empty.
    Restore(String),
    /// Focus this field and select its text.
    Focus(Field),
    /// Write this address into the Server field.
    FillAddress(Address),
    /// Have the user choose one of the rooms.
    ChooseRoom,
    /// Scroll to the first unread message.
    GoToUnread,
    /// Scroll to the end.
    GoToEnd,
    /// Scroll to the beginning of what is loaded.
    GoToStart,
    /// Scroll to the event at this offset.
    GoToEvent(u64),
    /// Notify the user of a mention while the window is in the back.
    Notify {
        /// The sender's name.
        from: String,
        /// The text of the message.
        text: String,
    },
    /// Leave.
    Quit,
}

/// The phase of the login.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// Not logged in.
    Out,
    /// Searching for rooms, to join the only one under this name and with this key.
    Searching { name: String, key: String },
    /// The link was asked to log in.
    LoggingIn(Login),
    /// In a room.
    In {
        login: Login,
        name: String,
        room: String,
    },
}

/// A member present in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Presence {
    name: String,
    /// The time of their last message or their join, by the server's clock.
    active: Stamp,
}

/// The state of the window.
#[derive(Debug)]
pub struct Model {
    phase: Phase,
    /// The login last requested of the link, and its saved state once that is known.
    requested: Option<(Login, Option<SavedSession>)>,
    link_state: Option<LinkState>,
    /// The time of the next attempt to connect.
    retry_at: Stamp,
    note: Option<String>,
    /// A less important note, shown while there is no other.
    minor_note: Option<String>,
    hint: Option<(Field, String)>,
    ask_key: bool,
    /// The longest name that the room accepts, once it has said so.
    name_limit: Option<u64>,
    rooms: KnownRooms,
    /// The state of choosing a room.
    choice: RoomChoice,
    token: Option<String>,
    /// The newest event when the login was accepted.
    joined: Option<Id>,

    history: Scrollback,
    /// The event after which the stream began.
    stream_from: Option<Id>,
    /// The newest event that the stream has brought, whether or not it is still loaded.
    newest: Option<Id>,
    /// The queries that are not answered yet.
    fetching: Vec<HistoryQuery>,
    /// The gaps that could not be filled, by their ends, with the reasons.
    failed: BTreeMap<u64, String>,
    /// The gaps that were made to save memory, by their ends: they are not filled before something
    /// else is seen.
    parked: BTreeSet<u64>,
    /// The unfolded runs of joins and leaves, by the offsets of their first.
    unfolded: BTreeSet<u64>,
    find: Option<TextSearch>,

    pending: Vec<Pending>,
    /// The state is saved for the next window.
    saves: bool,
    /// Notes of this window below the transcript.
    notes: Vec<String>,
    draft: String,

    members: Vec<Presence>,
    /// The newest event that the list of members includes.
    members_as_of: Option<Id>,
    /// Difference of the server's clock to this machine's, in microseconds.
    ahead: i64,
    now: Stamp,
    local: fn(Stamp) -> NaiveDateTime,

    in_front: bool,
    at_end: bool,
    /// The lowest visible event, as an offset.
    lowest_visible: u64,
    /// Everything from before the login has come; from here on the view decides what is read.
    caught_up: bool,
    /// The stream left something out since the login.
    had_gap: bool,
    /// The stream left something out just before what comes next.
    gap_before_next: bool,
    /// The newest event that was read.
    read: Option<Id>,
    /// The offset from which the "new messages" line stands.
    new_from: Option<u64>,
    times: ReadTimes,
    log_change: Option<ChangedLog>,
    unread: usize,
    mentions: usize,
    /// Something unread is not loaded, so nobody has counted it.
    uncounted: bool,
    /// Counts the inputs.
    revision: u64,
}

impl Model {
    /// Creates a model that is not logged in. `local` converts to the user's clock.
    pub fn new(local: fn(Stamp) -> NaiveDateTime) -> Model {
        Model {
            phase: Phase::Out,
            requested: None,
            link_state: None,
            retry_at: Stamp::from_micros(0),
            note: None,
            minor_note: None,
            hint: None,
            ask_key: false,
            name_limit: None,
            rooms: KnownRooms::default(),
            choice: RoomChoice::default(),
            token: None,
            joined: None,
            history: Scrollback::default(),
            stream_from: None,
            newest: None,
            fetching: Vec::new(),
            failed: BTreeMap::new(),
            parked: BTreeSet::new(),
            unfolded: BTreeSet::new(),
            find: None,
            pending: Vec::new(),
            saves: true,
            notes: Vec::new(),
            draft: String::new(),
            members: Vec::new(),
            members_as_of: None,
            ahead: 0,
            now: Stamp::from_micros(0),
            local,
            in_front: true,
            at_end: true,
            lowest_visible: 0,
            caught_up: false,
            had_gap: false,
            gap_before_next: false,
            read: None,
            new_from: None,
            times: ReadTimes::default(),
            log_change: None,
            unread: 0,
            mentions: 0,
            uncounted: false,
            revision: 0,
        }
    }

    /// Takes an input; returns what is to be done.
    pub fn update(&mut self, input: Input) -> Vec<Effect> {
        if let Input::Time(now) = input {
            self.now = now;
            return Vec::new();
        }
        self.revision += 1;
        let mut effects = Vec::new();
        match input {
            Input::LogIn {
                address,
                name,
                key,
                persist,
            } => return self.log_in(&address, name, key, persist),
            Input::JoinOnlyRoom { .. }
            | Input::OfferRooms { .. }
            | Input::RecentRooms(_)
            | Input::Nearby(_)
            | Input::RoomAnswered(_)
            | Input::SearchedLongEnough { .. } => return self.choose_room(input),
            Input::Saving(saves) => self.saves = saves,
            Input::Durable(keys) => self.mark_durable(&keys),
            Input::Restored(saved) => self.restore_session(*saved, &mut effects),
            // The hint is about fields that are gone.
            Input::CancelLogin => {
                self.hint = None;
                self.close_choice();
            }
            Input::Send { text, key } => return self.enter_text(&text, key),
            Input::Retry(key) => return self.retry(&key),
            Input::Discard(key) => self.pending.retain(|p| p.message.key != key),
            Input::Link(report) => self.take_report(report, &mut effects),
            Input::Note(sentence) => self.note = Some(sentence),
            Input::MinorNote(sentence) => self.minor_note = Some(sentence),
            Input::Front(front) => self.set_in_front(front),
            Input::Viewed {
                at_end,
                lowest_visible,
            } => self.set_viewed(at_end, lowest_visible),
            Input::GapInSight { gap, from_above } => {
                effects.extend(self.fill_gap(gap, from_above));
            }
            Input::GoToEnd => effects.push(self.go_to_end()),
            Input::GoToStart => effects.push(self.go_to_start()),
            Input::FillGaps => self.reopen_gaps(),
            Input::Unfold(first) => self.toggle_fold(first),
            Input::Search(text) => self.begin_search(&text, &mut effects),
            Input::SearchStep { older: true } => self.go_to_older_match(&mut effects),
            Input::SearchStep { older: false } => self.go_to_newer_match(&mut effects),
            Input::TryNow => effects.push(Effect::TryNow),
            Input::Draft(text) => self.draft = text,
            Input::Dismiss => self.dismiss(),
            Input::Time(_) => {}
        }
        effects
    }

    /// Notes that the messages with these keys are on the disk.
    fn mark_durable(&mut self, keys: &[Key]) {
        let pending = self.pending.iter_mut();
        for pending in pending.filter(|p| keys.contains(&p.message.key)) {
            pending.durable = true;
        }
    }

    /// Takes note of the window's coming to the front or leaving it.
    fn set_in_front(&mut self, front: bool) {
        if front != self.in_front {
            self.renew_unread_line();
        }
        self.in_front = front;
        self.mark_read();
    }

    /// Takes note of the part of the transcript that is visible.
    fn set_viewed(&mut self, at_end: bool, lowest_visible: u64) {
        if self.lowest_visible != lowest_visible {
            self.lowest_visible = lowest_visible;
            self.parked.clear();
        }
        if self.caught_up && at_end != self.at_end {
            self.renew_unread_line();
            self.at_end = at_end;
        }
        self.mark_scrolled_read();
        self.mark_read();
    }

    /// Lets the gaps be filled that failed or were cleared.
    fn reopen_gaps(&mut self) {
        self.failed.clear();
        self.parked.clear();
        self.history.reopen_cleared();
    }

    /// Unfolds the run of joins and leaves that begins with `first`, or folds it again.
    fn toggle_fold(&mut self, first: u64) {
        if !self.unfolded.remove(&first) {
            self.unfolded.insert(first);
        }
    }

    /// Removes the refused messages and the notes.
    fn dismiss(&mut self) {
        self.pending
            .retain(|p| !matches!(p.delivery, Delivery::Refused(_)));
        self.notes.clear();
        (self.note, self.minor_note) = (None, None);
    }
}

/// Returns whether `reached` is `id` or later in the same log.
fn is_past(reached: Id, id: Id) -> bool {
    reached.log == id.log && reached >= id
}
