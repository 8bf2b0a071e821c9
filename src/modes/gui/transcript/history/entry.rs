//! One event of the transcript, as the window keeps it.

use chrono::NaiveDateTime;

use crate::event::{Body, Elapsed, Id, Recorded, Stamp};
use crate::line::escape;
use crate::modes::gui::transcript::spans::mentions;
use crate::wire::Wire;

/// One event of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: Id,
    /// When, by the room's clock; unknown for a damaged line.
    pub at: Option<Stamp>,
    /// When, on the clock of this machine's user.
    pub local: Option<NaiveDateTime>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A member said something.
    Said {
        /// Who.
        from: Box<str>,
        /// Since their previous message.
        elapsed: Elapsed,
        /// What.
        text: Box<str>,
        /// It was us.
        own: bool,
        /// It names us, and is somebody else's.
        to_us: bool,
    },
    /// A member came in.
    Came(Box<str>),
    /// A member left.
    Went(Box<str>),
    /// The room was opened or closed.
    Room(Box<str>),
    /// Something that is to be noticed: a notice, damage, something erased, what a newer version wrote.
    Notice(Box<str>),
}

impl What {
    /// What an event's body tells the one whose name is `me`.
    fn of(body: Body, me: Option<&str>) -> What {
        match body {
            Body::Message {
                from,
                elapsed,
                text,
                ..
            } => {
                let own = me == Some(from.as_str());
                let to_us = !own && me.is_some_and(|me| mentions(&text, me));
                let (from, text) = (from.into(), text.into());
                What::Said {
                    from,
                    elapsed,
                    text,
                    own,
                    to_us,
                }
            }
            Body::Join { name } => What::Came(name.into()),
            Body::Leave { name } => What::Went(name.into()),
            Body::Opened { version, .. } => What::Room(format!("Room opened ({version})").into()),
            Body::Closed => What::Room("Room closed".into()),
            Body::Notice { text } => What::Notice(format!("Notice: {text}").into()),
            Body::Erased { .. } => What::Notice("Erased".into()),
            Body::Other { text } => What::Notice(text.strip_prefix("* ").unwrap_or(&text).into()),
        }
    }
}

impl Entry {
    /// The entry for an object of the stream; `None` for what has no place in the log. `local` is
    /// the clock on the wall.
    pub fn of(wire: Wire, me: Option<&str>, local: fn(Stamp) -> NaiveDateTime) -> Option<Entry> {
        let (id, at, what) = match wire {
            Wire::Recorded(Recorded { id, at, body }) => (id, Some(at), What::of(body, me)),
            Wire::Damaged { id, message } => (id, None, What::Notice(message.into())),
            Wire::Gap { .. }
            | Wire::Reset { .. }
            | Wire::Hello { .. }
            | Wire::Bye { .. }
            | Wire::Unknown => return None,
        };
        let local = at.map(local);
        Some(Entry {
            id,
            at,
            local,
            what,
        })
    }

    /// Says anew whether it is ours, or is said to us.
    pub(super) fn belongs_to(&mut self, me: &str) {
        if let What::Said {
            from,
            text,
            own,
            to_us,
            ..
        } = &mut self.what
        {
            *own = **from == *me;
            *to_us = !*own && mentions(text, me);
        }
    }

    /// Whether it is somebody's coming or going, or the room's: many of these are shown as one.
    pub fn is_presence(&self) -> bool {
        matches!(self.what, What::Came(_) | What::Went(_) | What::Room(_))
    }

    /// The event as a person copies it: as its line in the log, without time and checksum, with
    /// the line breaks that its text has.
    pub fn copied(&self) -> String {
        match &self.what {
            What::Said {
                from,
                elapsed,
                text,
                ..
            } => format!("[{}]: {elapsed}:{text}", escaped_name(from)),
            What::Came(name) => format!("Client ({}) entered room", escaped_name(name)),
            What::Went(name) => format!("Client ({}) is offline", escaped_name(name)),
            What::Room(text) | What::Notice(text) => format!("* {text}"),
        }
    }

    /// How much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        std::mem::size_of::<Entry>()
            + match &self.what {
                What::Said { from, text, .. } => from.len() + text.len() + 32,
                What::Came(text) | What::Went(text) | What::Room(text) | What::Notice(text) => {
                    text.len() + 16
                }
            }
    }
}

/// A name cannot pretend to end where it does not.
fn escaped_name(name: &str) -> String {
    let mut escaped = Vec::with_capacity(name.len());
    escape(name, true, &mut escaped);
    String::from_utf8_lossy(&escaped).into_owned()
}
