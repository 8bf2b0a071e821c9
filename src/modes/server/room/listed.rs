//! The list of present members as it is sent: made once for all who ask.
//!
//! What always holds: whoever came or went is in the list, or out of it, from the moment the journal
//! says so. How long somebody has said nothing, and of which event the list is, may be a little old:
//! a list of an earlier event is as right as one of a later when nobody came or went.

use std::time::{Duration, Instant};

use crate::event::Id;

use super::lock::{Lock, LockGuard, Rank};

/// The time for which a list is good when nothing is said: idle times are whole seconds.
const FRESH: Duration = Duration::from_secs(1);
/// A list that takes long to make is good for this many times as long while others speak, so that making
/// it takes a twentieth of the time at most.
const REST: u32 = 20;

/// The state of the room from which a list was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The number of joins and leaves so far.
    pub changes: u64,
    /// The newest event.
    pub last: Id,
}

/// The newest list.
#[derive(Debug)]
pub struct Listed(Lock<Option<Made>>);

#[derive(Debug)]
struct Made {
    bytes: Vec<u8>,
    of: Version,
    at: Instant,
    took: Duration,
}

impl Default for Listed {
    fn default() -> Listed {
        Listed(Lock::new(Rank::Listed, None))
    }
}

impl Listed {
    /// Returns the present list, made by `make` if the newest one is outdated. Others that ask meanwhile
    /// wait for the same one.
    pub fn get(
        &self,
        now: Instant,
        state: impl FnOnce() -> Version,
        make: impl FnOnce() -> (Vec<u8>, Version),
    ) -> Vec<u8> {
        let mut made = self.made();
        let state = state();
        if let Some(made) = made.as_ref().filter(|made| made.is_good(state, now)) {
            return made.bytes.clone();
        }
        let begun = Instant::now();
        let (bytes, of) = make();
        *made = Some(Made {
            bytes: bytes.clone(),
            of,
            at: now,
            took: begun.elapsed(),
        });
        bytes
    }

    fn made(&self) -> LockGuard<'_, Option<Made>> {
        self.0.lock()
    }
}

impl Made {
    fn is_good(&self, state: Version, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.at);
        let nothing_said = self.of.last == state.last && age < FRESH;
        self.of.changes == state.changes && (nothing_said || age < self.took * REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::LogId;

    #[test]
    fn a_list_is_made_once_until_somebody_comes_goes_or_speaks() {
        let state = |changes, offset| Version {
            changes,
            last: Id {
                log: LogId(7),
                offset,
                check: 0,
            },
        };
        let start = Instant::now();
        let made = Made {
            bytes: Vec::new(),
            of: state(3, 100),
            at: start,
            took: Duration::from_millis(13),
        };
        let after = |millis| start + Duration::from_millis(millis);
        assert!(made.is_good(state(3, 100), after(999)));
        assert!(!made.is_good(state(3, 100), after(1_000)), "idle times");
        assert!(made.is_good(state(3, 200), after(259)), "others speak");
        assert!(!made.is_good(state(3, 200), after(260)));
        assert!(!made.is_good(state(4, 200), after(0)), "somebody came");
        let small = Made {
            took: Duration::ZERO,
            ..made
        };
        assert!(
            !small.is_good(state(3, 200), after(0)),
            "a short list is new"
        );

        let (listed, mut times) = (Listed::default(), 0);
        for _ in 0..100 {
            let bytes = listed.get(
                start,
                || state(1, 1),
                || {
                    times += 1;
                    (b"list".to_vec(), state(1, 1))
                },
            );
            assert_eq!(bytes, b"list");
        }
        assert_eq!(times, 1);
    }
}
