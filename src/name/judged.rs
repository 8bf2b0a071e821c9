//! A cache of judged names.
//!
//! A client that posts without a session gives its name in every request, and judging a name costs as
//! much as all the rest of a post. What always holds: the answer is that of [`Name::new`], and memory
//! is bounded. Recent names are kept: when one half is full, the older half is dropped.

use std::sync::Arc;

use super::{Name, NameError};
use crate::remembered::Remembered;

/// The longest input that is cached, in bytes; longer ones are judged each time.
const LONGEST: usize = 128;

type Verdict = Result<Arc<Name>, NameError>;

/// Judges names for one room and remembers the verdicts.
#[derive(Debug)]
pub struct Judged {
    limit: usize,
    verdicts: Remembered<Verdict>,
}

impl Judged {
    /// A cache for a room whose names have at most `limit` characters.
    pub fn new(limit: usize) -> Judged {
        Judged {
            limit,
            verdicts: Remembered::default(),
        }
    }

    /// Judges a name as [`Name::new`] does.
    ///
    /// # Errors
    /// Those of [`Name::new`].
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
