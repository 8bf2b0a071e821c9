//! Messages over time, in bins that widen with the log.
//!
//! Invariant: there are at most [`MOST`] bins, all of the same width, and every message is in one. They are
//! gathered by the calendar ([`super::calendar`]) for display, so they are kept much finer than anything
//! drawn.

use super::calendar::Unit;
use super::hours::{UtcOffset, moment, second};
use crate::event::Stamp;

/// The number of bins at most: seconds of a day and a half, hours of fourteen years.
const MOST: usize = 1 << 17;
/// The widths of bins in seconds; each is a multiple of the one before.
const WIDTHS: [i64; 9] = [1, 10, 60, 300, 900, 3600, 86_400, 10 * 86_400, 100 * 86_400];

/// The messages between two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub from: Stamp,
    pub to: Stamp,
    pub messages: u64,
}

/// Counts of messages over time.
#[derive(Clone, Debug)]
pub(crate) struct Intervals {
    zone: UtcOffset,
    /// The index of the current width.
    step: usize,
    /// The local clock's offset at the first message, so that bins begin on full hours.
    ahead: Option<i64>,
    /// The bin of the first count.
    first: i64,
    counts: Vec<u64>,
    /// The current bin: its start and end in microseconds, and its index.
    now: (i64, i64, usize),
}

impl Intervals {
    /// Creates empty counts, with local time by `zone`.
    pub(crate) fn new(zone: UtcOffset) -> Intervals {
        Intervals {
            zone,
            step: 0,
            ahead: None,
            first: 0,
            counts: Vec::new(),
            now: (0, 0, 0),
        }
    }

    /// Counts one message.
    #[inline]
    pub(crate) fn add(&mut self, at: Stamp) {
        let (from, to, _) = self.now;
        if at.micros() < from || at.micros() >= to {
            self.turn(at);
        }
        self.counts[self.now.2] += 1;
    }

    fn turn(&mut self, at: Stamp) {
        let zone = self.zone;
        let at = second(at);
        let ahead = *self.ahead.get_or_insert_with(|| zone(at));
        if self.counts.is_empty() {
            self.first = (at + ahead).div_euclid(WIDTHS[self.step]);
        }
        let bin = loop {
            let bin = (at + ahead).div_euclid(WIDTHS[self.step]);
            let last = self.first + self.counts.len() as i64 - 1;
            let many = last.max(bin) - self.first.min(bin) + 1;
            if many <= MOST as i64 || self.step + 1 == WIDTHS.len() {
                break bin;
            }
            self.widen();
        };
        if bin < self.first {
            let before = (self.first - bin) as usize;
            self.counts.splice(..0, std::iter::repeat_n(0, before));
            self.first = bin;
        }
        let place = (bin - self.first) as usize;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        let width = WIDTHS[self.step];
        let from = bin * width - ahead;
        self.now = (from * 1_000_000, (from + width) * 1_000_000, place);
    }

    fn widen(&mut self) {
        let times = WIDTHS[self.step + 1] / WIDTHS[self.step];
        let first = self.first.div_euclid(times);
        let mut wider = 0;
        for place in 0..self.counts.len() {
            let bin = ((self.first + place as i64).div_euclid(times) - first) as usize;
            let count = std::mem::take(&mut self.counts[place]);
            self.counts[bin] += count;
            wider = bin + 1;
        }
        self.counts.truncate(wider);
        (self.first, self.step) = (first, self.step + 1);
    }

    /// The messages between two moments in about `many` calendar intervals of equal length, and their unit.
    /// There is at least one.
    pub(crate) fn gathered(&self, from: Stamp, to: Stamp, many: usize) -> (Unit, Vec<Interval>) {
        let unit = Unit::for_intervals(second(from), second(to), WIDTHS[self.step], many);
        let mut intervals = Vec::new();
        let (mut start, end) = (unit.floor(second(from), self.zone), second(to));
        loop {
            let next = unit.next(start, self.zone);
            intervals.push(Interval {
                from: moment(start),
                to: moment(next),
                messages: 0,
            });
            start = next;
            if start > end {
                break;
            }
        }
        let mut place = 0;
        let ahead = self.ahead.unwrap_or_default();
        for (n, count) in self
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            let at = moment((self.first + n as i64) * WIDTHS[self.step] - ahead);
            while place + 1 < intervals.len() && at >= intervals[place].to {
                place += 1;
            }
            intervals[place].messages += count;
        }
        (unit, intervals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Stamp {
        moment(second)
    }

    fn sum(bins: &Intervals) -> u64 {
        bins.counts.iter().sum()
    }

    #[test]
    fn bins_widen_and_lose_nothing() {
        let mut bins = Intervals::new(|_| 3600);
        let mut count = 0;
        // Farther and farther apart, to the end of the year 9999, then back to its beginning.
        let mut now = 1_795_473_297i64;
        let mut step = 1;
        while now < 253_402_300_000 {
            bins.add(at(now));
            count += 1;
            assert!(bins.counts.len() <= MOST);
            assert_eq!(sum(&bins), count);
            now += step;
            step += 1 + step / 10;
        }
        bins.add(at(-62_167_219_200));
        assert!(bins.counts.len() <= MOST);
        assert_eq!(sum(&bins), count + 1);
        assert_eq!(bins.counts[0], 1);
    }

    #[test]
    fn messages_are_gathered_by_the_calendar() {
        let mut bins = Intervals::new(|_| 0);
        // 2026-11-23T22:00:00Z and the four hours after it, one a minute.
        let start = 1_795_471_200;
        for minute in 0..240 {
            bins.add(at(start + minute * 60));
        }
        let (unit, intervals) = bins.gathered(at(start), at(start + 239 * 60), 4);
        assert_eq!(unit, Unit::Seconds(3600));
        let counts: Vec<_> = intervals.iter().map(|s| s.messages).collect();
        assert_eq!(counts, [60, 60, 60, 60]);
        assert_eq!(intervals[0].from, at(start));
        assert_eq!(intervals[3].to, at(start + 4 * 3600));
    }

    #[test]
    fn one_moment_is_one_interval() {
        let mut bins = Intervals::new(|_| 0);
        bins.add(at(100));
        let (_, intervals) = bins.gathered(at(100), at(100), 10);
        assert_eq!(intervals.iter().map(|s| s.messages).sum::<u64>(), 1);
        assert_eq!(intervals.len(), 1);
    }

    #[test]
    fn earlier_messages_go_in_front() {
        let mut bins = Intervals::new(|_| 0);
        for second in [1000, 1005, 10, 1000] {
            bins.add(at(second));
        }
        assert_eq!(bins.first, 10);
        assert_eq!(
            (bins.counts[0], bins.counts[990], bins.counts[995]),
            (1, 2, 1)
        );
    }
}
