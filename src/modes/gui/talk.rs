//! The values that the window and the link's thread exchange: [`LinkCommand`] down, [`Report`] up.
//!
//! They are plain, so that the model is tested without a socket and the link without a window.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::event::{Id, Key};
use crate::wire::{HistoryRange, Members, Said, Session, Wire};

/// A login: the room, the name and the state to resume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The room.
    pub address: Address,
    /// The name as typed; the server judges it.
    pub name: String,
    /// The room key, if there is one.
    pub key: Option<String>,
    /// Keep trying while no server answers.
    pub persist: bool,
    /// State of an earlier window of the same name in the same room.
    pub resume: Resume,
}

/// The state that a window takes over from an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// The newest event that was read; the stream continues after it.
    pub after: Option<Id>,
    /// The session's token, which takes the name back while the server still holds it.
    pub token: Option<String>,
}

/// A message on its way to the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxMessage {
    /// The idempotency key, by which the server recognises a repeat.
    pub key: Key,
    /// The text.
    pub text: String,
    /// The newest event known when the message was written: if it arrived, its event comes later.
    /// `None` means that it cannot have arrived.
    pub after: Option<Id>,
}

/// A command of the window to the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkCommand {
    /// Log in. The present session ends only once this one is accepted.
    LogIn(Login),
    /// Send a message: in order, and repeated under the same key until it is answered.
    ///
    /// The messages that an earlier window left come before the login's first stream has caught up.
    Send(OutboxMessage),
    /// Fetch a part of the history. Each query is answered with one [`Report::Range`], in order (only
    /// one query too many is refused out of turn); a query to a room that is being left is answered
    /// before [`Report::LoggedIn`] names the other.
    Fetch(HistoryQuery),
    /// Connect now instead of waiting for the next attempt.
    TryNow,
    /// Log off and end.
    Quit,
}

/// A query for a part of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryQuery {
    /// The newest events.
    Newest,
    /// The first events of the log.
    Oldest,
    /// The newest events before this one.
    Before(Id),
    /// The oldest events after this one.
    After(Id),
    /// The newest matching messages before an event.
    Find {
        /// The text to find, in any case of letters.
        text: String,
        /// Only before this event.
        before: Option<Id>,
    },
}

/// A report of the link to the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The state of the connection.
    State(LinkState),
    /// The login was accepted.
    LoggedIn {
        /// The accepted login.
        login: Box<Login>,
        /// The server's answer.
        session: Session,
        /// The room is another one than before: the transcript starts afresh.
        fresh: bool,
    },
    /// The login was refused. An earlier session continues, and its state follows.
    LoginRefused {
        /// The field to change.
        field: Field,
        /// The reason, for people.
        sentence: String,
        /// The limit that was exceeded, if that is the reason.
        limit: Option<u64>,
    },
    /// The members present, as of an event.
    Members(Members),
    /// Events of the stream, in order.
    Events(Vec<Wire>),
    /// The answer to a message.
    Answer {
        /// The message's key.
        key: Key,
        /// The recorded message, or the server's refusal as a sentence.
        answer: Result<Said, String>,
    },
    /// A part of the history.
    Range {
        /// The query that it answers.
        query: HistoryQuery,
        /// The events, or the reason why there are none now, for people.
        range: Result<HistoryRange, String>,
    },
}

/// The state of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Connecting.
    Connecting,
    /// The stream is open.
    Connected,
    /// The stream is open, but the server accepts the next message only later.
    Paused {
        /// The server's sentence.
        why: String,
        /// The time until the message is repeated.
        again: Duration,
    },
    /// Not connected.
    Offline {
        /// The reason, in words.
        why: String,
        /// The time until the next attempt.
        again: Duration,
    },
}

/// A field of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The address of the room.
    Address,
    /// The name.
    Name,
    /// The room key.
    Key,
    /// The next message.
    Message,
}
