//! The HTTP API as both ends see it: the table of endpoints, and every JSON object that an event
//! stream or a range of history holds.
//!
//! One definition serves both ends: the server writes these objects, the window reads them.

pub mod endpoint;
mod object;

use serde::{Deserialize, Serialize};

use crate::event::{Body, Elapsed, Id, Recorded, Stamp};

/// Seconds between two signs of life on a quiet stream.
pub const HEARTBEAT: u64 = 15;

/// One object of an event stream or of a range of history, told apart by its `type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// The first object of every stream.
    Hello {
        /// The id to resume from if nothing else comes; none at the very start of a log.
        id: Option<Id>,
        /// The server's clock, so that a client can tell how old an event is.
        now: Stamp,
        /// Seconds between two signs of life.
        heartbeat: u64,
    },
    /// An event of the log. Its `type` is [`Body::kind`]; the parts of a body that only the log
    /// needs (see [`Wire::of`]) are not sent.
    Recorded(Recorded),
    /// A line of the log that is not as the room wrote it.
    Damaged {
        /// The line's id.
        id: Id,
        /// What is wrong with it.
        message: String,
    },
    /// Older events were left out because the listener asked for at most so many.
    Gap {
        /// What was left out and how to read it.
        message: String,
    },
    /// The id that the listener gave is not of this log; what follows is a fresh start.
    Reset {
        /// Why.
        message: String,
        /// The file of the earlier log that the id is of, if it is of one.
        earlier: Option<String>,
    },
    /// The server stops.
    Bye {
        /// What to do next.
        message: String,
    },
    /// An object of a type that this version does not know. Read, never written.
    Unknown,
}

impl Wire {
    /// The object for a recorded event, without what stays in the log: the random digits of a log's
    /// first line, the log before it, and the padding of an erased event.
    pub fn of(mut recorded: Recorded) -> Wire {
        match &mut recorded.body {
            Body::Opened { random, after, .. } => {
                random.clear();
                *after = None;
            }
            Body::Erased { padding } => *padding = 0,
            _ => {}
        }
        Wire::Recorded(recorded)
    }

    /// The `type` of the object, which is the `event:` of the stream as well.
    pub fn kind(&self) -> &'static str {
        match self {
            Wire::Hello { .. } => "hello",
            Wire::Recorded(recorded) => recorded.body.kind(),
            Wire::Damaged { .. } => "damaged",
            Wire::Gap { .. } => "gap",
            Wire::Reset { .. } => "reset",
            Wire::Bye { .. } => "bye",
            Wire::Unknown => "unknown",
        }
    }

    /// The id to resume from once this was read; `None` for what is not in the log.
    pub fn id(&self) -> Option<Id> {
        match self {
            Wire::Hello { id, .. } => *id,
            Wire::Recorded(Recorded { id, .. }) | Wire::Damaged { id, .. } => Some(*id),
            Wire::Gap { .. } | Wire::Reset { .. } | Wire::Bye { .. } | Wire::Unknown => None,
        }
    }

    /// The time of the recording; `None` for what is not in the log, and for a damaged line.
    pub fn at(&self) -> Option<Stamp> {
        match self {
            Wire::Recorded(Recorded { at, .. }) => Some(*at),
            Wire::Hello { .. } | Wire::Damaged { .. } | Wire::Gap { .. } => None,
            Wire::Reset { .. } | Wire::Bye { .. } | Wire::Unknown => None,
        }
    }
}

/// What `POST /session` answers, and `GET /session` to a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The name as the room has it.
    pub name: String,
    /// The secret that proves it: `Authorization: Bearer <token>`.
    pub token: String,
    /// The room's name.
    pub room: String,
    /// The id of the join; to a token, the newest event of the log.
    pub id: Id,
    /// The server's version, if it says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What `POST /messages` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The message's id.
    pub id: Id,
    /// When the server recorded it.
    pub at: Stamp,
    /// Seconds since the sender's previous message.
    pub elapsed: Elapsed,
}

/// One member, in `GET /members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub name: String,
    /// When they came in.
    pub since: Stamp,
    /// Whole seconds since they last said something, or came in.
    pub idle: u64,
}

/// What `GET /members` answers: who is here as of the event `id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// The newest event that the list takes into account.
    pub id: Id,
    /// Everybody, in the order in which they came.
    pub members: Vec<Member>,
}

/// The answer to `GET /messages`: a range of history, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRange {
    /// The events.
    pub events: Vec<Wire>,
    /// The `before` (or `since`) that asks for the next range; none at the end.
    pub next: Option<Id>,
}

/// A refusal, on every path: `{"error":"name_too_long","message":"...","limit":8}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// One word for programs.
    pub error: String,
    /// A sentence for people: what happened and what to do next.
    pub message: String,
    /// The limit that was passed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The file of the earlier log that an id is of, where that is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<String>,
}

#[cfg(test)]
mod tests;
