//! What is said over the wire: every JSON object that an event stream or a page of history holds.
//!
//! One definition serves both ends: the server writes these objects, the window reads them.

use serde::{Deserialize, Serialize};

use crate::event::{Body, Elapsed, Event, Id, Key, Stamp};

/// Seconds between two signs of life on a quiet stream.
pub const HEARTBEAT: u64 = 15;

/// One object of an event stream. Every object says its `type`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Wire {
    /// The first object of every stream.
    Hello {
        /// The id to resume from if nothing else comes; none at the very start of a log.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Id>,
        /// The server's clock, so that a window can tell how old an event is.
        now: Stamp,
        /// Seconds between two signs of life.
        heartbeat: u64,
    },
    /// A member said something.
    Message {
        /// The event's id.
        id: Id,
        /// When.
        at: Stamp,
        /// Who.
        from: String,
        /// Seconds since the sender's previous message, or since they came in.
        elapsed: Elapsed,
        /// What.
        text: String,
        /// The sender's idempotency key.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<Key>,
    },
    /// A member came in.
    Join {
        /// The event's id.
        id: Id,
        /// When.
        at: Stamp,
        /// Who.
        name: String,
    },
    /// A member left.
    Leave {
        /// The event's id.
        id: Id,
        /// When.
        at: Stamp,
        /// Who.
        name: String,
    },
    /// The server started: nobody who was here before is here any more.
    Opened {
        /// The event's id.
        id: Id,
        /// When.
        at: Stamp,
        /// The program and its version.
        version: String,
    },
    /// The server stopped in good order.
    Closed {
        /// The event's id.
        id: Id,
        /// When.
        at: Stamp,
    },
    /// The room has something to say to everybody.
    Notice {
        /// The event's id.
        id: Id,
        /// When.
        at: Stamp,
        /// What.
        text: String,
    },
    /// An event that was removed.
    Erased {
        /// The event's id.
        id: Id,
        /// When it had been recorded.
        at: Stamp,
    },
    /// An event in a form that the server does not know: a newer version wrote it.
    Other {
        /// The event's id.
        id: Id,
        /// When.
        at: Stamp,
        /// The event as it stands in the log, escapes and all.
        text: String,
    },
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        earlier: Option<String>,
    },
    /// The server stops.
    Bye {
        /// What to do next.
        message: String,
    },
    /// A type that this version does not know. Read, never written.
    #[serde(other, skip_serializing)]
    Unknown,
}

impl Wire {
    /// The object for an event that was recorded under `id`.
    pub fn of(id: Id, event: Event) -> Wire {
        let at = event.at;
        match event.body {
            Body::Message {
                from,
                elapsed,
                text,
                key,
            } => Wire::Message {
                id,
                at,
                from,
                elapsed,
                text,
                key,
            },
            Body::Join { name } => Wire::Join { id, at, name },
            Body::Leave { name } => Wire::Leave { id, at, name },
            Body::Opened { version, .. } => Wire::Opened { id, at, version },
            Body::Closed => Wire::Closed { id, at },
            Body::Notice { text } => Wire::Notice { id, at, text },
            Body::Erased { .. } => Wire::Erased { id, at },
            Body::Other { text } => Wire::Other { id, at, text },
        }
    }

    /// The `type` of the object, which is the `event:` of the stream as well.
    pub fn kind(&self) -> &'static str {
        match self {
            Wire::Hello { .. } => "hello",
            Wire::Message { .. } => "message",
            Wire::Join { .. } => "join",
            Wire::Leave { .. } => "leave",
            Wire::Opened { .. } => "opened",
            Wire::Closed { .. } => "closed",
            Wire::Notice { .. } => "notice",
            Wire::Erased { .. } => "erased",
            Wire::Other { .. } => "other",
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
            Wire::Message { id, .. }
            | Wire::Join { id, .. }
            | Wire::Leave { id, .. }
            | Wire::Opened { id, .. }
            | Wire::Closed { id, .. }
            | Wire::Notice { id, .. }
            | Wire::Erased { id, .. }
            | Wire::Other { id, .. }
            | Wire::Damaged { id, .. } => Some(*id),
            Wire::Gap { .. } | Wire::Reset { .. } | Wire::Bye { .. } | Wire::Unknown => None,
        }
    }

    /// When it was recorded; `None` for what is not in the log, and for a line that is damaged.
    pub fn at(&self) -> Option<Stamp> {
        match self {
            Wire::Message { at, .. }
            | Wire::Join { at, .. }
            | Wire::Leave { at, .. }
            | Wire::Opened { at, .. }
            | Wire::Closed { at, .. }
            | Wire::Notice { at, .. }
            | Wire::Erased { at, .. }
            | Wire::Other { at, .. } => Some(*at),
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

/// What `GET /messages` answers: a page of history, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The events.
    pub events: Vec<Wire>,
    /// What to give as `before` (or `since`) for the next page; none at the end.
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
mod tests {
    use super::*;
    use crate::event::LogId;

    #[test]
    fn objects_have_the_documented_form_and_read_back() {
        let id = Id {
            log: LogId(0x5d2f_0a11),
            offset: 18342,
            check: 0x9d02,
        };
        let message = Wire::Message {
            id,
            at: Stamp::from_micros(1_795_473_297_180_845),
            from: "uthira".into(),
            elapsed: Elapsed(17),
            text: "hi".into(),
            key: Key::new("4fd1c2e07a9b"),
        };
        let json = r#"{"type":"message","id":"5d2f0a11-18342-9d02","at":"2026-11-23T22:34:57.180845Z","from":"uthira","elapsed":17,"text":"hi","key":"4fd1c2e07a9b"}"#;
        assert_eq!(serde_json::to_string(&message).expect("JSON"), json);
        assert_eq!(
            serde_json::from_str::<Wire>(json).expect("an object"),
            message
        );
        assert_eq!(message.kind(), "message");
        assert_eq!(message.id(), Some(id));
    }

    #[test]
    fn a_newer_servers_objects_are_known_as_unknown() {
        let json = r#"{"type":"poll","question":"tea?"}"#;
        assert_eq!(
            serde_json::from_str::<Wire>(json).expect("an object"),
            Wire::Unknown
        );
    }
}
