//! The times of the log's lines, where the machine's clock is not to be trusted.
//!
//! A state machine without a clock: every reading is an argument. What always holds: no line has an
//! earlier time than the one above it.
//!
//! - A clock that jumps ahead by more than a day is not believed for a minute, measured by the clock
//!   that never jumps; times go on from before the jump. A second in the year 9999 leaves no trace
//!   then, and a small computer that has just learnt what time it is is believed a minute later.
//! - While the log is ahead of the clock, its times go on from its last line at half the pace, so
//!   that the clock catches up.

use std::time::Duration;

use crate::event::Stamp;

use crate::modes::server::room::health::{ClockBehind, ClockState, ClockTrust};
use crate::modes::server::room::order::Reading;

/// A jump ahead by more than this is not believed at once.
const FAR: Duration = Duration::from_secs(24 * 3_600);
/// The time for which such a jump is not believed.
const HELD: Duration = Duration::from_secs(60);
/// The log is not told to be ahead by less than this: clocks are set by fractions of a second all
/// the time.
const LITTLE: Duration = Duration::from_secs(1);
/// No clock that is right shows an earlier time: 2026-01-01, in microseconds since 1970.
const FIRST: i64 = 1_767_225_600_000_000;

/// The source of the lines' times.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The latest line's time.
    last: Stamp,
    /// The time of the latest line that is in the log.
    committed: Stamp,
    /// The last reading that was believed.
    believed: Option<Reading>,
    /// The reading since which the clock has been far ahead of that.
    jumped: Option<Duration>,
    /// The reading before a jump that was believed in the end.
    before: Option<Reading>,
    /// The time and the reading from which lines go on while the clock is behind the log.
    behind: Option<(Stamp, Duration)>,
}

impl Clock {
    /// A clock for a log whose latest line has the time `last`.
    pub fn new(last: Stamp) -> Clock {
        Clock {
            last,
            committed: last,
            believed: None,
            jumped: None,
            before: None,
            behind: None,
        }
    }

    /// The time of the next line.
    pub fn stamp(&mut self, now: Reading) -> Stamp {
        let (wall, _) = self.judge(now);
        match self.behind {
            Some((from, at)) => {
                let pace = now.mono.saturating_sub(at) / 2;
                self.last = self.last.max(from.plus(pace));
            }
            None => self.last = wall,
        }
        self.last
    }

    /// Returns the state of the clock, and the size of a jump that has just been believed. Must also be
    /// called now and then while nothing is said: a jump is only known from the reading before it.
    pub fn observe(&mut self, now: Reading) -> (ClockState, Option<Duration>) {
        let (wall, jump) = self.judge(now);
        let state = match self.behind {
            // What lines will have, whether or not one is written.
            Some((from, at)) => {
                let last = self.last.max(from.plus(now.mono.saturating_sub(at) / 2));
                let gap = last.since(wall);
                if gap < LITTLE {
                    ClockState::Right
                } else {
                    ClockState::Behind(ClockBehind {
                        now: wall,
                        last,
                        until: wall.plus(gap.saturating_mul(2)),
                        clock: self.trust(now),
                    })
                }
            }
            None if self.jumped.is_some() => ClockState::Held,
            None => ClockState::Right,
        };
        (state, jump)
    }

    /// Takes the time of a line that another server appended.
    pub fn apply(&mut self, at: Stamp) {
        self.last = self.last.max(at);
    }

    /// The lines since the last call are in the log.
    pub fn keep(&mut self) {
        self.committed = self.last;
    }

    /// The lines since the last [`Clock::keep`] are not in the log.
    pub fn undo(&mut self) {
        self.last = self.committed;
    }

    /// Returns the time as far as the clock is believed, and the size of a jump that is believed from now
    /// on.
    fn judge(&mut self, now: Reading) -> (Stamp, Option<Duration>) {
        let mut taken = None;
        let expected = self.believed.map(|believed| course(believed, now));
        let ahead = expected.map(|expected| (expected, now.wall.since(expected)));
        let wall = match ahead {
            Some((expected, by)) if by > FAR => {
                let since = *self.jumped.get_or_insert(now.mono);
                if now.mono.saturating_sub(since) < HELD {
                    expected
                } else {
                    taken = Some(by);
                    self.before = self.believed;
                    now.wall
                }
            }
            _ => now.wall,
        };
        if wall == now.wall {
            self.jumped = None;
            self.believed = Some(now);
        }
        if wall >= self.last {
            self.behind = None;
        } else {
            self.behind.get_or_insert((self.last, now.mono));
        }
        (wall, taken)
    }

    fn trust(&self, now: Reading) -> ClockTrust {
        let near = |before: &Reading| {
            let expected = course(*before, now);
            now.wall.since(expected) <= FAR && expected.since(now.wall) <= FAR
        };
        match self.before.as_ref().is_some_and(near) {
            _ if now.wall < Stamp::from_micros(FIRST) => ClockTrust::Wrong,
            true => ClockTrust::Right,
            false => ClockTrust::Unknown,
        }
    }
}

/// The time that the clock would show now if it had continued from a reading.
fn course(from: Reading, now: Reading) -> Stamp {
    from.wall.plus(now.mono.saturating_sub(from.mono))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3_600;
    /// 2026-11-28, in seconds since 1970.
    const TODAY: u64 = 1_795_824_000;

    /// The clock shows this much after today's midnight, and the other one has run so long.
    fn at(wall: u64, mono: u64) -> Reading {
        Reading {
            wall: stamp(wall),
            mono: Duration::from_secs(mono),
        }
    }

    fn stamp(seconds: u64) -> Stamp {
        Stamp::from_micros((TODAY + seconds) as i64 * 1_000_000)
    }

    #[test]
    fn a_moment_in_a_far_year_leaves_no_trace() {
        let mut clock = Clock::new(stamp(0));
        let far = 8_000 * 365 * DAY;
        assert_eq!(clock.stamp(at(10, 10)), stamp(10));
        assert_eq!(clock.stamp(at(far, 11)), stamp(11));
        assert_eq!(clock.observe(at(far + 30, 40)), (ClockState::Held, None));
        assert_eq!(clock.stamp(at(far + 59, 70)), stamp(70));
        // It is back.
        assert_eq!(clock.stamp(at(71, 71)), stamp(71));
        assert_eq!(clock.observe(at(72, 72)), (ClockState::Right, None));
        // Another one begins a minute of its own.
        assert_eq!(clock.stamp(at(far, 100)), stamp(100));
        assert_eq!(clock.stamp(at(far, 159)), stamp(159));
        assert_eq!(clock.stamp(at(160, 160)), stamp(160));
    }

    #[test]
    fn a_clock_that_found_the_time_is_believed_a_minute_later_and_that_is_told_once() {
        let mut clock = Clock::new(stamp(0));
        let weeks = 21 * DAY;
        assert_eq!(clock.stamp(at(5, 5)), stamp(5));
        // The clock is read even when nobody speaks.
        assert_eq!(clock.observe(at(weeks + 6, 6)), (ClockState::Held, None));
        assert_eq!(clock.stamp(at(weeks + 65, 65)), stamp(65));
        let by = Duration::from_secs(weeks);
        assert_eq!(
            clock.observe(at(weeks + 66, 66)),
            (ClockState::Right, Some(by))
        );
        assert_eq!(clock.observe(at(weeks + 67, 67)), (ClockState::Right, None));
        assert_eq!(clock.stamp(at(weeks + 68, 68)), stamp(weeks + 68));
    }

    #[test]
    fn a_jump_of_less_than_a_day_and_the_first_reading_are_believed_at_once() {
        let mut clock = Clock::new(stamp(0));
        // The room was closed for weeks.
        assert_eq!(clock.stamp(at(40 * DAY, 1)), stamp(40 * DAY));
        assert_eq!(clock.stamp(at(41 * DAY, 2)), stamp(41 * DAY));
        assert_eq!(
            clock.observe(at(41 * DAY + 1, 3)),
            (ClockState::Right, None)
        );
    }

    #[test]
    fn while_the_log_is_ahead_times_go_on_until_the_clock_has_caught_up() {
        let mut clock = Clock::new(stamp(1_000));
        let behind = |now, last, until| ClockBehind {
            now: stamp(now),
            last: stamp(last),
            until: stamp(until),
            clock: ClockTrust::Unknown,
        };
        let (state, _) = clock.observe(at(400, 5));
        assert_eq!(state, ClockState::Behind(behind(400, 1_000, 1_600)));
        assert_eq!(clock.stamp(at(400, 5)), stamp(1_000));
        assert_eq!(clock.stamp(at(600, 205)), stamp(1_100));
        let (state, _) = clock.observe(at(600, 205));
        assert_eq!(state, ClockState::Behind(behind(600, 1_100, 1_600)));
        let mut last = stamp(0);
        for second in 600..1_700 {
            let now = clock.stamp(at(second, second - 395));
            assert!(now >= last, "{second}");
            last = now;
        }
        assert_eq!(clock.stamp(at(1_700, 1_305)), stamp(1_700));
        assert_eq!(clock.observe(at(1_700, 1_305)), (ClockState::Right, None));
    }

    #[test]
    fn the_clock_is_called_wrong_or_right_only_where_that_is_known() {
        let trust = |clock: &mut Clock, now| match clock.observe(now).0 {
            ClockState::Behind(behind) => behind.clock,
            other => panic!("{other:?}"),
        };
        // It was believed in the year 2090 after a minute, and came back.
        let mut clock = Clock::new(stamp(0));
        let far = 64 * 365 * DAY;
        clock.stamp(at(1, 1));
        clock.observe(at(far, 2));
        assert!(clock.observe(at(far + 60, 62)).1.is_some());
        assert_eq!(clock.stamp(at(far + 61, 63)), stamp(far + 61));
        assert_eq!(trust(&mut clock, at(64, 64)), ClockTrust::Right);
        // The next run knows nothing of that.
        let mut clock = Clock::new(stamp(far));
        assert_eq!(trust(&mut clock, at(64, 64)), ClockTrust::Unknown);
        // A battery that is empty.
        let empty = Reading {
            wall: Stamp::from_micros(0),
            mono: Duration::ZERO,
        };
        assert_eq!(trust(&mut clock, empty), ClockTrust::Wrong);
    }

    #[test]
    fn what_was_not_kept_did_not_happen() {
        let mut clock = Clock::new(stamp(0));
        clock.stamp(at(100, 100));
        clock.keep();
        clock.stamp(at(200, 200));
        clock.undo();
        assert_eq!(clock.stamp(at(150, 201)), stamp(150));
    }
}
