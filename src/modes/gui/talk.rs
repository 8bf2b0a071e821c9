//! What the window and its network thread say to each other.
//!
//! Plain values: the model is tested with them without a socket, the link without a window.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address::Address;
use crate::event::{Id, Key};
use crate::wire::{Members, Said, Session, Wire};

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
}

/// A message of ours that may not have been answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// What makes a repeat recognisable.
    pub key: Key,
    /// The text.
    pub text: String,
    /// The newest event that was known when it was written: if the room has it, then after this.
    pub after: Option<Id>,
}

/// From the window to the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Log in; whatever was going on before ends.
    LogIn(Login),
    /// Say something: in order, and repeated with the same key until it is answered.
    Say {
        /// What makes a repeat recognisable.
        key: Key,
        /// The text.
        text: String,
    },
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
