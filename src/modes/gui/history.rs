//! The transcript as data: what was said and who came and went, oldest first, within a limit.

use std::collections::VecDeque;

use crate::event::{Elapsed, Id};
use crate::line::escape;
use crate::wire::Wire;

/// The most events that a window keeps; the log on the server has them all.
const MAX_ENTRIES: usize = 20_000;
/// The most text that it keeps, in bytes. A room full of the longest messages stays below it
/// with the newest thousand.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// One event of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id, where it is in the log.
    pub id: Option<Id>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A member said something.
    Said {
        /// Who.
        from: String,
        /// Since their previous message.
        elapsed: Elapsed,
        /// What.
        text: String,
        /// It was us.
        own: bool,
    },
    /// A member came in.
    Came(String),
    /// A member left.
    Went(String),
    /// Something about the room.
    Room(String),
}

impl Entry {
    /// The entry for an object of the stream; `None` for what is not shown.
    pub fn of(wire: Wire, me: Option<&str>) -> Option<Entry> {
        let id = wire.id();
        let what = match wire {
            Wire::Message {
                from,
                elapsed,
                text,
                ..
            } => What::Said {
                own: me == Some(from.as_str()),
                from,
                elapsed,
                text,
            },
            Wire::Join { name, .. } => What::Came(name),
            Wire::Leave { name, .. } => What::Went(name),
            Wire::Opened { version, .. } => What::Room(format!("Room opened ({version})")),
            Wire::Closed { .. } => What::Room("Room closed".to_string()),
            Wire::Notice { text, .. } => What::Room(format!("Notice: {text}")),
            Wire::Erased { .. } => What::Room("Erased".to_string()),
            Wire::Damaged { message, .. } | Wire::Gap { message } | Wire::Reset { message } => {
                What::Room(message)
            }
            Wire::Hello { .. } | Wire::Bye { .. } | Wire::Unknown => return None,
        };
        Some(Entry { id, what })
    }

    /// The event as its line in the log has it, without time and checksum: always one line.
    pub fn log_line(&self) -> String {
        let mut line = Vec::new();
        match &self.what {
            What::Said {
                from,
                elapsed,
                text,
                ..
            } => {
                line.push(b'[');
                escape(from, true, &mut line);
                line.extend_from_slice(format!("]: {elapsed}:").as_bytes());
                escape(text, false, &mut line);
            }
            What::Came(name) | What::Went(name) => {
                line.extend_from_slice(b"Client (");
                escape(name, true, &mut line);
                line.extend_from_slice(match self.what {
                    What::Came(_) => b") entered room".as_slice(),
                    _ => b") is offline",
                });
            }
            What::Room(text) => {
                line.extend_from_slice(b"* ");
                escape(text, false, &mut line);
            }
        }
        String::from_utf8_lossy(&line).into_owned()
    }

    fn bytes(&self) -> usize {
        std::mem::size_of::<Entry>()
            + match &self.what {
                What::Said { from, text, .. } => from.len() + text.len(),
                What::Came(text) | What::Went(text) | What::Room(text) => text.len(),
            }
    }
}

/// The events that are kept. Each has a number that never changes; the oldest are dropped when
/// there are too many.
#[derive(Clone, Debug, Default)]
pub struct History {
    entries: VecDeque<Entry>,
    first: u64,
    bytes: usize,
    /// Changes whenever numbers stop meaning what they meant.
    generation: u64,
}

impl History {
    /// Adds the newest.
    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
            self.first += 1;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = History {
            generation: self.generation + 1,
            ..History::default()
        };
    }

    /// The number of the oldest that is kept.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The number that the next one will have.
    pub fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Which numbering this is.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The event with that number, if it is kept.
    pub fn get(&self, number: u64) -> Option<&Entry> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.entries.get(index)
    }

    /// The id of the newest event that has one.
    pub fn newest(&self) -> Option<Id> {
        self.entries.iter().rev().find_map(|entry| entry.id)
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Entry {
        Entry {
            id: None,
            what: What::Room(text.to_string()),
        }
    }

    #[test]
    fn a_copied_event_is_one_line_whatever_is_in_it() {
        let said = Entry {
            id: None,
            what: What::Said {
                from: "a]b".into(),
                elapsed: Elapsed(17),
                text: "one\ntwo\t@three & \\".into(),
                own: false,
            },
        };
        assert_eq!(
            said.log_line(),
            "[a\\]b]: 0:00:17:one\\ntwo\\t@three & \\\\"
        );
        assert_eq!(entry("Room closed").log_line(), "* Room closed");
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_and_numbers_stay() {
        let mut history = History::default();
        for n in 0..MAX_ENTRIES + 5 {
            history.push(entry(&n.to_string()));
        }
        assert_eq!(history.first(), 5);
        assert_eq!(history.get(5), Some(&entry("5")));
        assert_eq!(history.get(4), None);
        let big = "x".repeat(MAX_BYTES / 2);
        history.push(entry(&big));
        history.push(entry(&big));
        assert_eq!(history.iter().count(), 1);
        assert_eq!(history.end(), MAX_ENTRIES as u64 + 7);
    }
}
