//! The HTTP API as both ends see it: the table of endpoints, and every JSON object that an event
//! stream or a range of history holds.
//!
//! One definition serves both ends: the server writes these objects, the window reads them.

pub mod endpoint;
mod object;

use serde::{Deserialize, Serialize};

use crate::event::{Body, Elapsed, Id, Recorded, Stamp};

/// Seconds between two heartbeats on a quiet stream.
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
        /// Seconds between two heartbeats.
        heartbeat: u64,
    },
    /// An event of the log. Its `type` is [`Body::kind`]; the parts of a body that only the log
    /// needs (see [`Wire::of`]) are not sent.
    Recorded(Recorded),
    /// A damaged line of the log.
    Damaged {
        /// The line's id.
        id: Id,
        /// A description of the damage.
        message: String,
    },
    /// Older events were left out, since the listener asked for a number of the newest.
    Gap {
        /// A sentence that says what was left out and how to read it.
        message: String,
    },
    /// The listener's id belongs to another log; the stream starts afresh.
    Reset {
        /// A sentence with the reason.
        message: String,
        /// The file name of the earlier log that the id belongs to, if any.
        earlier: Option<String>,
    },
    /// The server stops.
    Bye {
        /// A sentence that says what to do next.
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
            Body::Message { .. } | Body::Join { .. } | Body::Leave { .. } => {}
            Body::Closed | Body::Notice { .. } | Body::Other { .. } => {}
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

/// The answer to `POST /session`, and to `GET /session` with a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The name as the room shows it.
    pub name: String,
    /// The secret that proves the session: `Authorization: Bearer <token>`.
    pub token: String,
    /// The room's name.
    pub room: String,
    /// The id of the join; to a token, the newest event of the log.
    pub id: Id,
    /// The server's version, if the server tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// The answer to `POST /messages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The message's id.
    pub id: Id,
    /// The time of the recording.
    pub at: Stamp,
    /// Seconds since the sender's previous message.
    pub elapsed: Elapsed,
}

/// One member, in `GET /members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The member's name, as shown.
    pub name: String,
    /// The time of the member's join.
    pub since: Stamp,
    /// Whole seconds since the member's last message, or join.
    pub idle: u64,
}

/// The answer to `GET /members`: the members as of the event `id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// The newest event that the list takes into account.
    pub id: Id,
    /// All members, in the order of their joins.
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
    /// The limit that was exceeded, if that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The file name of the earlier log that an id belongs to, if that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<String>,
}

#[cfg(test)]
mod tests;
