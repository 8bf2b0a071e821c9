//! The delay before the next attempt.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(15);
/// Longest delay between two attempts that a server can impose.
pub(super) const MAX_IMPOSED_DELAY: Duration = Duration::from_secs(300);

/// A delay that doubles from a quarter of a second up to 15 seconds.
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Backoff {
        Backoff { next: FIRST }
    }

    /// Starts over: a connection has lived, so the next failure is a new one.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }

    /// Returns the next delay. `random` shortens it by up to a half, so that a room full of windows
    /// does not come back at one moment.
    pub(super) fn delay(&mut self, random: u8) -> Duration {
        let delay = self.next - self.next / 2 * u32::from(random) / 255;
        self.next = (self.next * 2).min(LONGEST);
        delay
    }
}

/// A random byte for [`Backoff::delay`]; 0 if the system has none, which is the longest delay.
pub(super) fn chance() -> u8 {
    let mut byte = [0];
    match getrandom::fill(&mut byte) {
        Ok(()) => byte[0],
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_to_fifteen_seconds_and_starts_again() {
        let mut backoff = Backoff::new();
        let delays: Vec<u128> = (0..8).map(|_| backoff.delay(0).as_millis()).collect();
        assert_eq!(delays, [250, 500, 1000, 2000, 4000, 8000, 15000, 15000]);
        assert_eq!(backoff.delay(255).as_millis(), 7500);
        backoff.reset();
        assert_eq!(backoff.delay(255).as_millis(), 125);
    }
}
