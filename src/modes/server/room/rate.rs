//! Rates: token buckets, without a clock.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// The length of a burst of messages, in seconds' worth of them.
const BURST: u32 = 10;
/// The number of buckets that are remembered.
const MAX_KNOWN: usize = 10_000;

/// The size of a bucket, and the speed at which it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The time that one token takes; zero is no limit.
    each: Duration,
    /// The time that all of them take.
    depth: Duration,
}

impl Rate {
    /// A number a second after a burst; 0 is no limit.
    pub fn new(a_second: u32, burst: u32) -> Rate {
        let each = Duration::from_secs(1).checked_div(a_second);
        let each = each.unwrap_or_default();
        let depth = each.saturating_mul(burst);
        Rate { each, depth }
    }

    /// A number of messages a second, with the usual bursts.
    pub fn of_messages(a_second: u32) -> Rate {
        Rate::new(a_second, a_second.saturating_mul(BURST))
    }
}

/// Fills at its rate; whatever is let through takes one token.
#[derive(Clone, Debug)]
pub struct Bucket {
    rate: Rate,
    /// The time at which it is full again.
    full: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate, now: Instant) -> Bucket {
        Bucket { rate, full: now }
    }

    /// Takes one token.
    ///
    /// # Errors
    /// The wait until there is one.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.book(now, Duration::ZERO).map(drop)
    }

    /// Takes one token, if need be one that will be there within `patience`; how long until it is.
    ///
    /// # Errors
    /// The wait until one can be had so.
    fn book(&mut self, now: Instant, patience: Duration) -> Result<Duration, Duration> {
        let full = self.full.max(now) + self.rate.each;
        let over = full.saturating_duration_since(now + self.rate.depth);
        if over <= patience {
            self.full = full;
            return Ok(over);
        }
        Err(over - patience)
    }
}

/// A bucket for each of many. A bucket that is full again need not be remembered. If there are too many, the one that
/// is full again first is forgotten, so that the heaviest user is forgotten last.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    known: HashMap<K, Bucket>,
    full: BTreeSet<(Instant, K)>,
}

impl<K: Clone + Eq + Hash + Ord> Buckets<K> {
    /// Full buckets for everybody.
    pub fn new(rate: Rate) -> Buckets<K> {
        Buckets {
            rate,
            known: HashMap::new(),
            full: BTreeSet::new(),
        }
    }

    /// Takes one token from somebody's bucket.
    ///
    /// # Errors
    /// The wait until there is one.
    pub fn take(&mut self, who: &K, now: Instant) -> Result<(), Duration> {
        self.book(who, now, Duration::ZERO).map(drop)
    }

    /// Checks that there is a token in somebody's bucket; none is taken.
    ///
    /// # Errors
    /// The wait until there is one.
    pub fn check(&self, who: &K, now: Instant) -> Result<(), Duration> {
        let known = self.known.get(who).cloned();
        known.map_or(Ok(()), |mut bucket| bucket.take(now))
    }

    /// Takes one token, if need be one that will be there within `patience`; how long until it is.
    ///
    /// # Errors
    /// The wait until one can be had so.
    pub fn book(
        &mut self,
        who: &K,
        now: Instant,
        patience: Duration,
    ) -> Result<Duration, Duration> {
        if self.rate.each.is_zero() {
            return Ok(Duration::ZERO);
        }
        let mut bucket = match self.known.get(who) {
            Some(bucket) => bucket.clone(),
            None => Bucket::new(self.rate, now),
        };
        let before = (bucket.full, who.clone());
        let wait = bucket.book(now, patience)?;
        self.full.remove(&before);
        while let Some((full, _)) = self.full.first()
            && (*full <= now || self.full.len() >= MAX_KNOWN)
            && let Some((_, gone)) = self.full.pop_first()
        {
            self.known.remove(&gone);
        }
        self.full.insert((bucket.full, who.clone()));
        self.known.insert(who.clone(), bucket);
        Ok(wait)
    }

    /// Puts a token back that was booked and is not used.
    pub fn give_back(&mut self, who: &K) {
        if let Some(bucket) = self.known.get_mut(who) {
            self.full.remove(&(bucket.full, who.clone()));
            bucket.full = bucket
                .full
                .checked_sub(self.rate.each)
                .unwrap_or(bucket.full);
            self.full.insert((bucket.full, who.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_pass_and_a_flood_waits() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Rate::of_messages(2), start);
        for _ in 0..20 {
            assert_eq!(bucket.take(start), Ok(()));
        }
        assert_eq!(bucket.take(start), Err(Duration::from_millis(500)));
        assert_eq!(bucket.take(start + Duration::from_millis(500)), Ok(()));
        assert!(bucket.take(start + Duration::from_millis(501)).is_err());
        let mut open = Bucket::new(Rate::of_messages(0), start);
        assert!((0..100_000).all(|_| open.take(start).is_ok()));
    }

    #[test]
    fn what_is_booked_comes_in_turn() {
        let start = Instant::now();
        let mut buckets = Buckets::new(Rate::new(10, 1));
        let tenth = Duration::from_millis(100);
        for turn in 0..4 {
            assert_eq!(buckets.book(&0, start, 3 * tenth), Ok(turn * tenth));
        }
        assert_eq!(buckets.book(&0, start, 3 * tenth), Err(tenth));
        assert_eq!(buckets.book(&0, start + tenth, 3 * tenth), Ok(3 * tenth));
        assert_eq!(buckets.book(&1, start, 3 * tenth), Ok(Duration::ZERO));
        // A booking that is given back makes room for the next.
        assert_eq!(buckets.book(&0, start + tenth, 3 * tenth), Err(tenth));
        buckets.give_back(&0);
        assert_eq!(buckets.book(&0, start + tenth, 3 * tenth), Ok(3 * tenth));
        buckets.give_back(&7);
        assert_eq!((buckets.known.len(), buckets.full.len()), (1, 1));
        // A check takes nothing.
        for _ in 0..3 {
            assert_eq!(buckets.check(&2, start), Ok(()));
        }
        assert_eq!(buckets.take(&2, start), Ok(()));
        assert_eq!(buckets.check(&2, start), Err(tenth));
    }

    #[test]
    fn the_one_who_takes_most_is_remembered_among_many() {
        let start = Instant::now();
        let mut buckets = Buckets::new(Rate::new(5, 120));
        let taken = (0..1_000).filter(|_| buckets.take(&0, start).is_ok());
        assert_eq!(taken.count(), 120);
        let later = start + Duration::from_millis(1);
        for other in 1..2 * MAX_KNOWN {
            assert_eq!(buckets.take(&other, later), Ok(()));
        }
        assert!(buckets.take(&0, later).is_err());
        assert!(buckets.known.len() <= MAX_KNOWN);
        assert_eq!(buckets.known.len(), buckets.full.len());
        // A bucket that is full again is forgotten.
        assert_eq!(buckets.take(&0, start + Duration::from_secs(60)), Ok(()));
        assert_eq!((buckets.known.len(), buckets.full.len()), (1, 1));
        let mut open = Buckets::new(Rate::of_messages(0));
        assert!((0..1_000).all(|_| open.take(&0, start).is_ok()));
    }
}
