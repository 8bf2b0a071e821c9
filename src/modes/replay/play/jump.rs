//! Where a key wants the play to go.

use crate::event::Stamp;

/// In which direction something is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the end.
    Forward,
    /// Towards the beginning.
    Backward,
}

/// The event that a key asked for.
#[derive(Clone, Debug)]
pub struct Jump {
    /// In which direction it is.
    pub direction: Direction,
    /// From where on, or before where.
    pub cursor: u64,
    /// It starts before this.
    pub until: Option<u64>,
    /// It did not happen earlier than this.
    pub from: Option<Stamp>,
    /// It is one that is searched for.
    pub hits: bool,
    /// What is said above it, before its time; nothing where the play just goes on.
    pub words: Option<&'static str>,
    /// What is looked for instead if there is none.
    pub otherwise: Option<Box<Jump>>,
    /// What is said if there is none at all.
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
