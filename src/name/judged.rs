//! Names that were judged already.
//!
//! Who posts without a session names itself in every request, and to judge a name costs as much as
//! all the rest of a post. What always holds: the answer is that of [`Name::new`], and memory is
//! bounded. It keeps the names of late: when one half is full, the older half goes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Name, NameError};

/// So many names are in each half.
const HALF: usize = 2_048;
/// A name that is longer as it was given, in bytes, is judged each time.
const LONGEST: usize = 128;

type Verdict = Result<Arc<Name>, NameError>;

/// Judges names for one room, and remembers what it found.
#[derive(Debug)]
pub struct Judged {
    limit: usize,
    halves: Mutex<Halves>,
}

#[derive(Debug, Default)]
struct Halves {
    newer: HashMap<Box<str>, Verdict>,
    older: HashMap<Box<str>, Verdict>,
}

impl Judged {
    /// Of a room whose names have at most `limit` characters.
    pub fn new(limit: usize) -> Judged {
        Judged {
            limit,
            halves: Mutex::default(),
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
        if let Some(known) = self.known(raw) {
            return known;
        }
        // Not under the lock: others are not to wait for it.
        let verdict = Name::new(raw, self.limit).map(Arc::new);
        self.lock().keep(raw.into(), verdict.clone());
        verdict
    }

    fn known(&self, raw: &str) -> Option<Verdict> {
        let mut halves = self.lock();
        if let Some(known) = halves.newer.get(raw) {
            return Some(known.clone());
        }
        let (raw, known) = halves.older.remove_entry(raw)?;
        halves.keep(raw, known.clone());
        Some(known)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Halves> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn keep(&mut self, raw: Box<str>, verdict: Verdict) {
        if self.newer.len() >= HALF {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(raw, verdict);
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
        for n in 0..HALF {
            assert!(judged.name(&format!("n{n}")).is_ok());
        }
        let again = judged.name(" Zoë ").expect("a name");
        assert!(Arc::ptr_eq(&first, &again), "it was judged twice");
        for raw in ["admin", "a\u{202e}b", "ninecharss", ""] {
            for _ in 0..2 {
                assert_eq!(judged.name(raw).err(), Name::new(raw, 8).err(), "{raw:?}");
            }
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let judged = Judged::new(64);
        for n in 0..5 * HALF {
            assert!(judged.name(&n.to_string()).is_ok());
        }
        let halves = judged.lock();
        assert!(halves.newer.len() <= HALF && halves.older.len() <= HALF);
        drop(halves);
        let long = "x".repeat(LONGEST + 1);
        assert!(judged.name(&long).is_err());
        assert!(!judged.lock().newer.contains_key(long.as_str()));
    }
}
