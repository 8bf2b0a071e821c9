//! One event of the transcript, with what the window computes of it once.

use chrono::NaiveDateTime;

use crate::event::{Body, Elapsed, Id, Recorded, Stamp};
use crate::line::escaped_name;
use crate::text_forms::calls;
use crate::wire::Wire;

/// One event of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Its id.
    pub id: Id,
    /// The time of recording, by the room's clock; unknown for a damaged line.
    pub at: Option<Stamp>,
    /// The time of recording on this user's clock.
    pub local: Option<NaiveDateTime>,
    /// The event as it is shown.
    pub kind: EntryKind,
}

/// The kinds of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A message.
    Message {
        /// The sender's name.
        from: Box<str>,
        /// The time since the sender's previous message.
        elapsed: Elapsed,
        /// The text.
        text: Box<str>,
        /// The message is our own.
        own: bool,
        /// The message is somebody else's and mentions us.
        to_us: bool,
    },
    /// A member joined.
    Joined(Box<str>),
    /// A member left.
    Left(Box<str>),
    /// The room was opened or closed.
    Room(Box<str>),
    /// A notice, damage, an erasure, or what a newer version recorded.
    Notice(Box<str>),
}

impl EntryKind {
    /// Returns the kind of an event's body as it concerns the member whose name is `me`.
    fn of(body: Body, me: Option<&str>) -> EntryKind {
        match body {
            Body::Message {
                from,
                elapsed,
                text,
                ..
            } => {
                let own = me == Some(from.as_str());
                let to_us = !own && me.is_some_and(|me| calls(&text, me));
                let (from, text) = (from.into(), text.into());
                EntryKind::Message {
                    from,
                    elapsed,
                    text,
                    own,
                    to_us,
                }
            }
            Body::Join { name } => EntryKind::Joined(name.into()),
            Body::Leave { name } => EntryKind::Left(name.into()),
            Body::Opened { version, .. } => {
                EntryKind::Room(format!("Room opened ({version})").into())
            }
            Body::Closed => EntryKind::Room("Room closed".into()),
            Body::Notice { text } => EntryKind::Notice(format!("Notice: {text}").into()),
            Body::Erased { .. } => EntryKind::Notice("Erased".into()),
            Body::Other { text } => {
                EntryKind::Notice(text.strip_prefix("* ").unwrap_or(&text).into())
            }
        }
    }
}

impl HistoryEntry {
    /// Returns the entry for an object of the stream; `None` for objects that are not in the log.
    /// `local` converts to the user's clock.
    pub fn of(
        wire: Wire,
        me: Option<&str>,
        local: fn(Stamp) -> NaiveDateTime,
    ) -> Option<HistoryEntry> {
        let (id, at, kind) = match wire {
            Wire::Recorded(Recorded { id, at, body }) => (id, Some(at), EntryKind::of(body, me)),
            Wire::Damaged { id, message } => (id, None, EntryKind::Notice(message.into())),
            Wire::Gap { .. }
            | Wire::Reset { .. }
            | Wire::Hello { .. }
            | Wire::Bye { .. }
            | Wire::Unknown => return None,
        };
        let local = at.map(local);
        Some(HistoryEntry {
            id,
            at,
            local,
            kind,
        })
    }

    /// Marks anew whether it is ours, and whether it mentions us.
    pub(super) fn mark_own(&mut self, me: &str) {
        if let EntryKind::Message {
            from,
            text,
            own,
            to_us,
            ..
        } = &mut self.kind
        {
            *own = **from == *me;
            *to_us = !*own && calls(text, me);
        }
    }

    /// Returns whether it is a join, a leave, or the room's opening or closing: a run of these is
    /// folded into one line.
    pub fn is_presence(&self) -> bool {
        matches!(
            self.kind,
            EntryKind::Joined(_) | EntryKind::Left(_) | EntryKind::Room(_)
        )
    }

    /// Returns the event for the clipboard: as its line in the log, without time and checksum, with
    /// the line breaks of its text.
    pub fn copied(&self) -> String {
        match &self.kind {
            EntryKind::Message {
                from,
                elapsed,
                text,
                ..
            } => format!("[{}]: {elapsed}:{text}", escaped_name(from)),
            EntryKind::Joined(name) => format!("Client ({}) entered room", escaped_name(name)),
            EntryKind::Left(name) => format!("Client ({}) is offline", escaped_name(name)),
            EntryKind::Room(text) | EntryKind::Notice(text) => format!("* {text}"),
        }
    }

    /// The memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        std::mem::size_of::<HistoryEntry>()
            + match &self.kind {
                EntryKind::Message { from, text, .. } => from.len() + text.len() + 32,
                EntryKind::Joined(text)
                | EntryKind::Left(text)
                | EntryKind::Room(text)
                | EntryKind::Notice(text) => text.len() + 16,
            }
    }
}

/// Returns the action in a text that begins with `/me `.
pub fn action_of(text: &str) -> Option<&str> {
    let (command, action) = text.split_at_checked(4)?;
    command.eq_ignore_ascii_case("/me ").then_some(action)
}
