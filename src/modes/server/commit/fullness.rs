//! When the operator hears that there is no room for more in the log, and that there is again.
//!
//! A state machine without clock and disk. On a disk that is almost full short lines fit and longer
//! ones do not, in turn: that is told as one state and not as many.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The shortest time between two notices of a full disk, and between two of space again.
const SELDOM: Duration = Duration::from_secs(60);
/// The free space, in bytes, that a line of any length needs.
const ENOUGH: u64 = 128 << 10;

/// The result of the last check of the disk for space. Shared by the checker and the committer.
#[derive(Clone, Debug, Default)]
pub struct FreeSpace(Arc<AtomicBool>);

impl FreeSpace {
    /// Records a check: the bytes that are free, and the size of the disk.
    pub fn set(&self, free: u64, size: u64) {
        // A disk that never had so much has space when half of it is free.
        self.0
            .store(free >= ENOUGH.min(size / 2), Ordering::Relaxed);
    }

    /// Forgets the last check: it was made before a write failed.
    fn forget(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Returns whether the last check found space for a line of any length.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Lines of the same text differ by no more than this, in time and key.
const ALIKE: usize = 64;

/// A change that the operator is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceNotice {
    /// There is no room for more.
    Full,
    /// There is space again.
    Space,
}

/// The state of the log's disk, full or not, and the operator's knowledge of it.
#[derive(Debug, Default)]
pub struct Fullness {
    found: FreeSpace,
    /// The longest piece that did not fit since there was space; 0 is space.
    longest: usize,
    /// The operator was last told that it is full.
    told: bool,
    when: Option<Duration>,
}

impl Fullness {
    /// A disk with space, as far as is known.
    pub fn new(found: FreeSpace) -> Fullness {
        Fullness {
            found,
            ..Fullness::default()
        }
    }

    /// Records that a piece of `bytes` bytes did not fit.
    pub fn refused(&mut self, bytes: usize, now: Duration) -> Option<SpaceNotice> {
        self.found.forget();
        // What waited together is written together; no line needs more than that.
        self.longest = self.longest.max(bytes).min(ENOUGH as usize);
        let lately = |when: Duration| now.saturating_sub(when) < SELDOM;
        if self.told || self.when.is_some_and(lately) {
            return None;
        }
        self.told = true;
        self.when = Some(now);
        Some(SpaceNotice::Full)
    }

    /// Records that a piece of `bytes` bytes is on the disk. A short one proves nothing about longer ones.
    pub fn written(&mut self, bytes: usize) -> Option<SpaceNotice> {
        if bytes == 0 || self.longest == 0 || bytes + ALIKE < self.longest && !self.found.get() {
            return None;
        }
        self.longest = 0;
        std::mem::take(&mut self.told).then_some(SpaceNotice::Space)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn short_lines_that_still_fit_are_no_space() {
        let mut disk = Fullness::default();
        assert_eq!(disk.refused(9_000, at(0)), Some(SpaceNotice::Full));
        for second in 1..100 {
            assert_eq!(disk.written(100), None, "{second}");
            assert_eq!(disk.refused(9_000, at(second)), None, "{second}");
        }
        assert_eq!(disk.written(9_000), Some(SpaceNotice::Space));
        assert_eq!(disk.written(9_000), None);
    }

    #[test]
    fn space_that_the_watch_found_after_the_refusal_counts() {
        let found = FreeSpace::default();
        let mut disk = Fullness::new(found.clone());
        found.set(ENOUGH, 100 * ENOUGH);
        assert_eq!(disk.refused(9_000, at(0)), Some(SpaceNotice::Full));
        assert_eq!(disk.written(100), None, "what was found before is old");
        found.set(ENOUGH - 1, 100 * ENOUGH);
        assert_eq!(disk.written(100), None);
        found.set(ENOUGH, 100 * ENOUGH);
        assert_eq!(disk.written(100), Some(SpaceNotice::Space));
        // A disk that is smaller than that.
        assert_eq!(disk.refused(9_000, at(90)), Some(SpaceNotice::Full));
        found.set(24 << 10, 48 << 10);
        assert_eq!(disk.written(100), Some(SpaceNotice::Space));
    }

    #[test]
    fn a_disk_that_comes_and_goes_is_told_once_a_minute() {
        let mut disk = Fullness::default();
        let mut told = Vec::new();
        for second in 0..180 {
            told.extend(disk.refused(100, at(second)).map(|_| second));
            disk.written(100);
        }
        assert_eq!(told, [0, 60, 120]);
        // What stays full is told when the minute is over.
        assert_eq!(disk.refused(100, at(179)), None);
        assert_eq!(disk.refused(100, at(180)), Some(SpaceNotice::Full));
    }
}
