//! Messages by local hour.
//!
//! Invariant: the calendar is consulted once an hour of the log and not once a line; hours begin with the
//! local clock's, even in zones that are half an hour off. An hour to which the clock is put back comes
//! twice.

use crate::event::Stamp;

/// The local clock's offset from UTC in seconds, at a second since 1970.
pub(crate) type UtcOffset = fn(i64) -> i64;

/// The offset of this machine's zone.
pub(crate) fn here(second: i64) -> i64 {
    use chrono::{Local, Offset, TimeZone};
    let at = chrono::DateTime::from_timestamp(second, 0).unwrap_or_default();
    let offset = Local.offset_from_utc_datetime(&at.naive_utc());
    i64::from(offset.fix().local_minus_utc())
}

/// Seconds since 1970, rounded down.
pub(crate) fn second(at: Stamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// The moment at a second since 1970.
pub(crate) fn moment(second: i64) -> Stamp {
    Stamp::from_micros(second.saturating_mul(1_000_000))
}

/// The messages of one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hour {
    /// The start of the hour.
    pub from: Stamp,
    /// The end of the hour, which is shorter where the clock changes.
    pub to: Stamp,
    pub messages: u64,
}

/// Counts of messages by hour.
#[derive(Clone, Debug)]
pub(crate) struct Hours {
    zone: UtcOffset,
    now: Hour,
    /// The current hour, counted in local time since 1970.
    wall: i64,
    /// Counts by weekday, Monday first, and hour.
    pub heat: [[u64; 24]; 7],
    /// The first of the hours with the most messages.
    pub busiest: Option<Hour>,
    /// Days with messages.
    pub days: u64,
    /// The newest of these days.
    day: Option<i64>,
}

impl Hours {
    /// Creates empty counts, with local time by `zone`.
    pub(crate) fn new(zone: UtcOffset) -> Hours {
        let none = Stamp::from_micros(0);
        Hours {
            zone,
            now: Hour {
                from: none,
                to: none,
                messages: 0,
            },
            wall: 0,
            heat: [[0; 24]; 7],
            busiest: None,
            days: 0,
            day: None,
        }
    }

    /// Counts one message.
    #[inline]
    pub(crate) fn add(&mut self, at: Stamp) {
        if at < self.now.from || at >= self.now.to {
            self.turn(at);
        }
        self.now.messages += 1;
    }

    /// Ends the log.
    pub(crate) fn end(&mut self) {
        let hour = self.now;
        if hour.messages == 0 {
            return;
        }
        self.now.messages = 0;
        let day = self.wall.div_euclid(24);
        // 1 January 1970 was a Thursday.
        let weekday = (day + 3).rem_euclid(7) as usize;
        self.heat[weekday][self.wall.rem_euclid(24) as usize] += hour.messages;
        if self.day.is_none_or(|last| day > last) {
            self.day = Some(day);
            self.days += 1;
        }
        if self
            .busiest
            .is_none_or(|most| most.messages < hour.messages)
        {
            self.busiest = Some(hour);
        }
    }

    /// Counts by hour of the day.
    pub(crate) fn by_hour(&self) -> [u64; 24] {
        std::array::from_fn(|hour| self.heat.iter().map(|day| day[hour]).sum())
    }

    /// Counts by weekday, Monday first.
    pub(crate) fn by_weekday(&self) -> [u64; 7] {
        self.heat.map(|day| day.iter().sum())
    }

    fn turn(&mut self, at: Stamp) {
        self.end();
        let at = second(at);
        let offset = (self.zone)(at);
        let same = |second: i64| (self.zone)(second) == offset;
        let mut from = at - (at + offset).rem_euclid(3600);
        let mut to = from + 3600;
        if !same(from) {
            from = first(from, at, same);
        }
        if !same(to - 1) {
            to = first(at, to - 1, |second| !same(second));
        }
        self.wall = (at + offset).div_euclid(3600);
        (self.now.from, self.now.to) = (moment(from), moment(to));
    }
}

/// The first number after `no` that satisfies `is`; `yes` does.
fn first(mut no: i64, mut yes: i64, is: impl Fn(i64) -> bool) -> i64 {
    while yes - no > 1 {
        let middle = no + (yes - no) / 2;
        if is(middle) {
            yes = middle
        } else {
            no = middle
        }
    }
    yes
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Berlin's clock in the autumn of 2026: put back from 3 to 2 on 25 October at 1:00 UTC.
    pub fn berlin(second: i64) -> i64 {
        if second < 1_792_890_000 { 7200 } else { 3600 }
    }

    fn at(text: &str) -> Stamp {
        let whole = format!("{text}.000000Z");
        Stamp::parse(whole.as_bytes()).expect("a time")
    }

    fn counted(zone: UtcOffset, times: &[&str]) -> Hours {
        let mut hours = Hours::new(zone);
        for time in times {
            hours.add(at(time));
        }
        hours.end();
        hours
    }

    #[test]
    fn messages_fall_into_the_hours_of_the_wall() {
        // Kathmandu is 5:45 ahead: its hours begin at a quarter past.
        let hours = counted(
            |_| 20_700,
            &[
                "2026-11-23T18:14:59",
                "2026-11-23T18:15:00",
                "2026-11-23T18:16:00",
            ],
        );
        // Monday 23:59:59, Tuesday 00:00:00 and 00:01:00.
        assert_eq!((hours.heat[0][23], hours.heat[1][0]), (1, 2));
        assert_eq!(hours.days, 2);
        let busiest = hours.busiest.expect("one");
        assert_eq!(busiest.from, at("2026-11-23T18:15:00"));
        assert_eq!(busiest.to, at("2026-11-23T19:15:00"));
        assert_eq!(busiest.messages, 2);
    }

    #[test]
    fn the_hour_that_comes_twice_is_two_hours() {
        let hours = counted(
            berlin,
            &[
                "2026-10-25T00:30:00", // 2:30 in summer
                "2026-10-25T00:59:59",
                "2026-10-25T01:00:00", // 2:00 in winter
                "2026-10-25T01:10:00",
                "2026-10-25T01:20:00",
                "2026-10-25T02:00:00", // 3:00
            ],
        );
        assert_eq!(hours.heat[6][2], 5);
        assert_eq!(hours.heat[6][3], 1);
        assert_eq!(hours.busiest.map(|hour| hour.messages), Some(3));
        assert_eq!(hours.by_hour().iter().sum::<u64>(), 6);
        assert_eq!(hours.by_weekday(), [0, 0, 0, 0, 0, 0, 6]);
    }

    #[test]
    fn an_hour_in_which_the_clock_is_changed_is_cut_there() {
        // Half an hour is inserted at 00:20 UTC, at 10:50 there.
        let zone: UtcOffset = |second| {
            let change = 1_792_890_000 - 2400;
            if second < change { 37_800 } else { 39_600 }
        };
        let hours = counted(
            zone,
            &[
                "2026-10-25T00:19:59",
                "2026-10-25T00:20:00",
                "2026-10-25T00:59:59",
            ],
        );
        // 10:49:59, then 11:20:00 and 11:59:59.
        assert_eq!((hours.heat[6][10], hours.heat[6][11]), (1, 2));
        let busiest = hours.busiest.expect("one");
        assert_eq!(busiest.from, at("2026-10-25T00:20:00"));
        assert_eq!(busiest.to, at("2026-10-25T01:00:00"));
    }

    #[test]
    fn times_before_1970_and_times_that_go_back_are_counted() {
        let hours = counted(
            |_| 0,
            &[
                "1969-12-31T23:59:59",
                "1970-01-01T00:00:00",
                "0000-01-01T00:00:00",
            ],
        );
        // A Wednesday, a Thursday, and a Saturday.
        assert_eq!(
            (hours.heat[2][23], hours.heat[3][0], hours.heat[5][0]),
            (1, 1, 1)
        );
        assert_eq!(hours.by_hour().iter().sum::<u64>(), 3);
    }
}
