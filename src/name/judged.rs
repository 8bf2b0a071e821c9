//! Names that were judged already.
//!
//! Who posts without a session names itself in every request, and to judge a name costs as much as
//! all the rest of a post. What always holds: the answer is that of [`Name::new`], and memory is
//! bounded. It keeps the names of late: when one half is full, the older half goes.

use std::sync::Arc;

use super::{Name, NameError};
use crate::remembered::Remembered;

/// A name that is longer as it was given, in bytes, is judged each time.
const LONGEST: usize = 128;

type Verdict = Result<Arc<Name>, NameError>;

/// Judges names for one room, and remembers what it found.
#[derive(Debug)]
pub struct Judged {
    limit: usize,
    verdicts: Remembered<Verdict>,
}

impl Judged {
    /// Of a room whose names have at most `limit` characters.
    pub fn new(limit: usize) -> Judged {
        Judged {
            limit,
            verdicts: Remembered::default(),
        }
    }

    /// What [`Name::new`] says.
    ///
    /// # Errors
    /// As there.
    pub fn name(&self, raw: &str) -> Verdict {
        if raw.len() > LONGEST {
            return Name::new(raw, self.limit).map(Arc::new);
        }
        if let Some(known) = self.verdicts.get(raw) {
            return known;
        }
        let verdict = Name::new(raw, self.limit).map(Arc::new);
        self.verdicts.keep(raw, verdict.clone());
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_judged_is_not_judged_again() {
        let judged = Judged::new(8);
        let first = judged.name(" Zoë ").expect("a name");
        assert_eq!(first.as_str(), "Zoë");
        let again = judged.name(" Zoë ").expect("a name");
        assert!(Arc::ptr_eq(&first, &again), "it was judged twice");
        for raw in ["admin", "a\u{202e}b", "ninecharss", ""] {
            for _ in 0..2 {
                assert_eq!(judged.name(raw).err(), Name::new(raw, 8).err(), "{raw:?}");
            }
        }
    }

    #[test]
    fn a_long_one_is_not_remembered() {
        let judged = Judged::new(64);
        let long = "x".repeat(LONGEST + 1);
        assert!(judged.name(&long).is_err());
        assert_eq!(judged.verdicts.get(&long), None);
    }
}
