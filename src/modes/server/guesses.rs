//! Wrong room keys, counted for each address: a state machine without a clock.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Wrong room keys that one address may try in a minute.
pub const MAX_GUESSES: u32 = 20;
/// Over how long wrong keys are counted, and how seldom the operator is told of an address.
const GUESSING: Duration = Duration::from_secs(60);
/// How many addresses are watched.
const MAX_WATCHED: usize = 10_000;

/// Who tried how many wrong keys, and since when.
#[derive(Debug, Default)]
pub struct Guesses {
    wrong: HashMap<IpAddr, (u32, Instant)>,
    told: Option<Instant>,
}

impl Guesses {
    /// How many seconds this address has to wait before a key of it is looked at.
    pub fn wait(&mut self, from: IpAddr, now: Instant) -> Option<u64> {
        let (count, since) = self.wrong.get(&from).copied()?;
        let passed = now.saturating_duration_since(since);
        if passed >= GUESSING {
            self.wrong.remove(&from);
            return None;
        }
        (count >= MAX_GUESSES).then(|| (GUESSING - passed).as_millis().div_ceil(1_000) as u64)
    }

    /// Counts a wrong key; whether the operator is to be told that the address is locked out now.
    /// One of many addresses in a minute is enough.
    pub fn wrong(&mut self, from: IpAddr, now: Instant) -> bool {
        if self.wrong.len() >= MAX_WATCHED {
            self.wrong.clear();
        }
        let (count, _) = self.wrong.entry(from).or_insert((0, now));
        *count += 1;
        let lately = |told: Instant| now.saturating_duration_since(told) < GUESSING;
        let tell = *count == MAX_GUESSES && !self.told.is_some_and(lately);
        if tell {
            self.told = Some(now);
        }
        tell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_guesses_waits_and_is_told_once_a_minute() {
        let mut guesses = Guesses::default();
        let start = Instant::now();
        let (one, two) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let try_all = |guesses: &mut Guesses, from, now| {
            let tells = (0..MAX_GUESSES).map(|_| guesses.wrong(from, now));
            tells.filter(|tell| *tell).count()
        };
        assert_eq!(try_all(&mut guesses, one, start), 1);
        assert_eq!(guesses.wait(one, start), Some(60));
        assert_eq!(guesses.wait(two, start), None);
        assert_eq!(
            try_all(&mut guesses, two, start),
            0,
            "one was told just now"
        );
        assert!(guesses.wait(two, start).is_some());
        let later = start + GUESSING;
        assert_eq!(guesses.wait(one, later), None);
        assert_eq!(try_all(&mut guesses, one, later), 1);
    }
}
