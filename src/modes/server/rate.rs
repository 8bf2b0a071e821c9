//! How fast one sender may speak: a token bucket.

use std::time::{Duration, Instant};

/// Bursts may be so many seconds' worth of messages.
const BURST: f64 = 10.0;

/// Fills with `rate` tokens a second up to ten seconds' worth; each message takes one.
#[derive(Clone, Debug)]
pub struct Bucket {
    rate: f64,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    /// A full bucket; a rate of 0 is no limit.
    pub fn new(rate: u32, now: Instant) -> Bucket {
        let rate = f64::from(rate);
        Bucket {
            rate,
            tokens: rate * BURST,
            filled: now,
        }
    }

    /// Takes one token.
    ///
    /// # Errors
    /// How long it takes until there is one.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        if self.rate == 0.0 {
            return Ok(());
        }
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate).min(self.rate * BURST);
        self.filled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_pass_and_a_flood_waits() {
        let start = Instant::now();
        let mut bucket = Bucket::new(2, start);
        for _ in 0..20 {
            assert_eq!(bucket.take(start), Ok(()));
        }
        assert_eq!(bucket.take(start), Err(Duration::from_millis(500)));
        assert_eq!(bucket.take(start + Duration::from_millis(500)), Ok(()));
        assert!(bucket.take(start + Duration::from_millis(501)).is_err());
        let mut open = Bucket::new(0, start);
        assert!((0..100_000).all(|_| open.take(start).is_ok()));
    }
}
