//! What the window and its network thread say to each other.
//!
//! Plain values: the model is tested with them without a socket, the link without a window.

use std::time::Duration;

use super::address::Address;
use serde::{Deserialize, Serialize};

use crate::event::{Id, Key};
use crate::wire::{Members, Page, Said, Session, Wire};

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

/// Where an earlier window was.
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
    /// The newest event that was known when it was first said: if it arrived, it stands behind it.
    pub after: Option<Id>,
}

/// What is asked about what was said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The newest events.
    Newest,
    /// The events before this one.
    Before(Id),
    /// The events after this one.
    After(Id),
    /// Messages with this text in them, newest first.
    Find {
        /// The text.
        text: String,
        /// Only before this event.
        before: Option<Id>,
    },
}

/// From the window to the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Log in; whatever was going on before ends.
    LogIn(Login),
    /// Say something: in order, and repeated with the same key until it is answered.
    Say(Letter),
    /// Get a page of what was said before.
    Ask(Ask),
    /// Do not wait for the next attempt.
    TryNow,
    /// Log off and end.
    Quit,
}

/// From the link to the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// How the connection is.
    State(State),
    /// The login was accepted.
    LoggedIn {
        /// What the server said.
        session: Session,
        /// It is another room than before: the transcript starts afresh.
        fresh: bool,
    },
    /// The login was refused; the link does nothing until it is told to.
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
    /// What was asked for, or why it cannot be had now.
    Page {
        /// What was asked.
        ask: Ask,
        /// The answer, or a sentence.
        page: Result<Page, String>,
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
