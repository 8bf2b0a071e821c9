//! The target of a key, until the play has arrived there.

use crate::event::Stamp;

/// The direction of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

/// The event that a key asked for.
#[derive(Clone, Debug)]
pub(super) struct Jump {
    pub direction: Direction,
    /// The position from which to search, or before which.
    pub cursor: u64,
    /// The position before which it starts.
    pub until: Option<u64>,
    /// The earliest time.
    pub from: Option<Stamp>,
    /// The event must be a hit of the search.
    pub hits: bool,
    /// The words above it, before its time; `None` where the play just continues.
    pub words: Option<&'static str>,
    /// The jump to make if there is no such event.
    pub otherwise: Option<Box<Jump>>,
    /// The note if there is none at all.
    pub in_vain: String,
}

impl Jump {
    pub(super) fn on(cursor: u64) -> Jump {
        Jump {
            direction: Direction::Forward,
            cursor,
            until: None,
            from: None,
            hits: false,
            words: Some("on to"),
            otherwise: None,
            in_vain: "nothing more after this".to_string(),
        }
    }

    pub(super) fn back(cursor: u64) -> Jump {
        Jump {
            direction: Direction::Backward,
            words: Some("back to"),
            in_vain: "nothing before this".to_string(),
            ..Jump::on(cursor)
        }
    }
}
