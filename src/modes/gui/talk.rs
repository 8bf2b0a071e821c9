//! What the window and its network thread say to each other.
//!
//! Plain values: the model is tested with them without a socket, the link without a window.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::event::{Id, Key};
use crate::wire::{HistoryRange, Members, Said, Session, Wire};

/// Who wants to be where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The room.
    pub address: Address,
    /// The name, as it was typed; whether it will do is the server's to say.
    pub name: String,
    /// The room key, if there is one.
    pub key: Option<String>,
    /// Go on trying while nobody answers.
    pub persist: bool,
    /// What an earlier window of the same name in the same room left behind.
    pub resume: Resume,
}

/// What an earlier window of the same name in the same room left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// The newest event that was read; the stream goes on behind it.
    pub place: Option<Id>,
    /// The proof of the name, which takes the name back while it is held.
    pub token: Option<String>,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// What makes a repeat recognisable.
    pub key: Key,
    /// The text.
    pub text: String,
    /// The newest event that was known when it was first said: if it arrived, it stands behind this.
    /// `None` means that it cannot have arrived.
    pub after: Option<Id>,
}

/// From the window to the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Log in. A session that there is ends only once this one is accepted.
    LogIn(Login),
    /// Say something: in order, and repeated with the same key until it is answered.
    ///
    /// What an earlier window left is said before the login's first stream is up to date.
    Say(Letter),
    /// Ask what was said before. Each is answered with one [`Report::Page`], in order (only what is too
    /// much at once is refused out of turn); what belongs to a room that is left, before
    /// [`Report::LoggedIn`] tells of the other.
    Ask(Ask),
    /// Do not wait for the next attempt to connect: make it now.
    TryNow,
    /// Log off and end.
    Quit,
}

/// What is asked about what was said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The newest events.
    Newest,
    /// The first events of the log.
    Oldest,
    /// The newest of those before this one.
    Before(Id),
    /// The oldest of those behind this one.
    After(Id),
    /// Messages with this in them, the newest of those before an event.
    Find {
        /// What is looked for, in any case of letters.
        text: String,
        /// Only before this one.
        before: Option<Id>,
    },
}

/// From the link to the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// How the connection is.
    State(State),
    /// The login was accepted.
    LoggedIn {
        /// Which.
        login: Box<Login>,
        /// What the server said.
        session: Session,
        /// It is another room than before: the transcript starts afresh.
        fresh: bool,
    },
    /// The login was refused. A session that there was before goes on; its state follows.
    LoginRefused {
        /// What is to be changed.
        field: Field,
        /// Why, for people.
        sentence: String,
        /// The limit that was passed, where there is one.
        limit: Option<u64>,
    },
    /// Who is here, as of an event.
    Members(Members),
    /// What the stream brought, in order.
    Events(Vec<Wire>),
    /// A message was answered.
    Answer {
        /// Which.
        key: Key,
        /// How.
        answer: Answer,
    },
    /// A page of what was said before.
    Page {
        /// What was asked.
        ask: Ask,
        /// The page, or why there is none now, for people.
        page: Result<HistoryRange, String>,
    },
}

/// How a message was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The server has it.
    Said(Said),
    /// It will not have it; this is why.
    Refused(String),
}

/// How the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// On the way.
    Connecting,
    /// The stream is open.
    Connected,
    /// The stream is open, but the server wants the next message later.
    Held {
        /// What it said.
        why: String,
        /// When the message is repeated.
        again: Duration,
    },
    /// Nothing works at the moment.
    Offline {
        /// What happened, in words.
        why: String,
        /// When it is tried again.
        again: Duration,
    },
}

/// A field of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Where the room is.
    Address,
    /// The name.
    Name,
    /// The room key.
    Key,
    /// The next message.
    Message,
}
