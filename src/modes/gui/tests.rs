//! Builders of ids and events for the tests of the window.

use crate::event::{Body, Id, Key, LogId, Recorded, Stamp};
use crate::wire::Wire;

/// The id at an offset of log 1.
pub fn id(offset: u64) -> Id {
    Id {
        log: LogId(1),
        offset,
        check: 0,
    }
}

/// The beginning of all times.
pub fn at() -> Stamp {
    Stamp::from_micros(0)
}

pub fn key(text: &str) -> Key {
    Key::new(text).expect("a key")
}

/// An event as the stream has it.
pub fn recorded(id: Id, at: Stamp, body: Body) -> Wire {
    Wire::Recorded(Recorded { id, at, body })
}
