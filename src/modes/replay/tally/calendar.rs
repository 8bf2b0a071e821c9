//! Intervals of local time as people divide it: minutes, hours, days, months.
//!
//! Invariant: [`Unit::next`] is later than its argument, so that walking from one interval to the next ends.
//! Up to an hour all intervals have the same length; longer ones begin at local hours, midnights, Mondays and
//! firsts, and are an hour longer or shorter where clocks change.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};

use super::hours::UtcOffset;

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;
/// The names of the days of a week.
pub(crate) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The length of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds, up to half a day.
    Seconds(i64),
    Day,
    /// A week from Monday.
    Week,
    Months(i64),
    Years(i64),
}

/// All units from the shortest to the longest.
const UNITS: [Unit; 22] = [
    Unit::Seconds(1),
    Unit::Seconds(5),
    Unit::Seconds(15),
    Unit::Seconds(30),
    Unit::Seconds(60),
    Unit::Seconds(5 * 60),
    Unit::Seconds(10 * 60),
    Unit::Seconds(15 * 60),
    Unit::Seconds(30 * 60),
    Unit::Seconds(HOUR),
    Unit::Seconds(3 * HOUR),
    Unit::Seconds(6 * HOUR),
    Unit::Seconds(12 * HOUR),
    Unit::Day,
    Unit::Week,
    Unit::Months(1),
    Unit::Months(3),
    Unit::Years(1),
    Unit::Years(5),
    Unit::Years(10),
    Unit::Years(100),
    Unit::Years(1000),
];

impl Unit {
    /// The shortest unit of at least `least` seconds of which about `many` or fewer lie between two seconds
    /// since 1970.
    pub(crate) fn for_intervals(from: i64, to: i64, least: i64, many: usize) -> Unit {
        let fits = |unit: &&Unit| {
            let length = unit.length();
            length >= least && (to - from) / length < many as i64
        };
        *UNITS.iter().find(fits).unwrap_or(&Unit::Years(1000))
    }

    /// The approximate length in seconds.
    pub(crate) fn length(self) -> i64 {
        match self {
            Unit::Seconds(seconds) => seconds,
            Unit::Day => DAY,
            Unit::Week => 7 * DAY,
            Unit::Months(months) => months * 30 * DAY,
            Unit::Years(years) => years * 365 * DAY,
        }
    }

    /// The start of the interval around a second since 1970.
    pub(crate) fn floor(self, second: i64, zone: UtcOffset) -> i64 {
        let ahead = zone(second);
        let wall = self.floor_on_wall(second + ahead);
        match self {
            Unit::Seconds(..=HOUR) => wall - ahead,
            _ => from_wall(wall, zone),
        }
    }

    /// The end of the interval that begins at `start`, in seconds since 1970.
    pub(crate) fn next(self, start: i64, zone: UtcOffset) -> i64 {
        let wall = start + zone(start);
        let next = match self {
            Unit::Seconds(seconds @ ..=HOUR) => return start + seconds,
            Unit::Seconds(seconds) => self.floor_on_wall(wall) + seconds,
            Unit::Day => self.floor_on_wall(wall) + DAY,
            Unit::Week => self.floor_on_wall(wall) + 7 * DAY,
            Unit::Months(months) => months_on(wall, months, months),
            Unit::Years(years) => months_on(wall, 12 * years, 12 * years),
        };
        from_wall(next, zone).max(start + 1)
    }

    fn floor_on_wall(self, wall: i64) -> i64 {
        match self {
            Unit::Seconds(seconds) => wall - wall.rem_euclid(seconds),
            Unit::Day => wall - wall.rem_euclid(DAY),
            // 1 January 1970 was a Thursday.
            Unit::Week => wall - (wall + 3 * DAY).rem_euclid(7 * DAY),
            Unit::Months(months) => months_on(wall, months, 0),
            Unit::Years(years) => months_on(wall, 12 * years, 0),
        }
    }

    /// The label of an interval's start on an axis: the part that changes at each, and the part below it that
    /// stays the same for several.
    pub(crate) fn label(self, second: i64, zone: UtcOffset) -> (String, String) {
        let at = on_wall(second + zone(second));
        let form = |form: &str| at.format(form).to_string();
        match self {
            Unit::Seconds(..60) => (form("%H:%M:%S"), form("%a %-d %b %Y")),
            Unit::Seconds(_) => (form("%H:%M"), form("%a %-d %b %Y")),
            Unit::Day | Unit::Week => (form("%-d %b"), form("%Y")),
            Unit::Months(_) => (form("%b"), form("%Y")),
            Unit::Years(_) => (form("%Y"), String::new()),
        }
    }
}

impl fmt::Display for Unit {
    /// The words in "messages per hour".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, word) = match *self {
            Unit::Seconds(seconds) if seconds % HOUR == 0 => (seconds / HOUR, "hour"),
            Unit::Seconds(seconds) if seconds % 60 == 0 => (seconds / 60, "minute"),
            Unit::Seconds(seconds) => (seconds, "second"),
            Unit::Day => (1, "day"),
            Unit::Week => (1, "week"),
            Unit::Months(months) => (months, "month"),
            Unit::Years(years) => (years, "year"),
        };
        match count {
            1 => f.write_str(word),
            _ => write!(f, "{count} {word}s"),
        }
    }
}

/// The calendar and clock at a second of local time.
pub(crate) fn on_wall(wall: i64) -> NaiveDateTime {
    DateTime::from_timestamp(wall, 0)
        .unwrap_or_default()
        .naive_utc()
}

/// The first of the interval of `months` months, plus `later` months.
fn months_on(wall: i64, months: i64, later: i64) -> i64 {
    let date = on_wall(wall).date();
    let month = i64::from(date.year()) * 12 + i64::from(date.month0());
    let month = month - month.rem_euclid(months) + later;
    let first = NaiveDate::from_ymd_opt(
        month.div_euclid(12) as i32,
        month.rem_euclid(12) as u32 + 1,
        1,
    );
    // infallible: a calendar has more years than a log.
    let first = first.unwrap_or_default().and_time(Default::default());
    first.and_utc().timestamp()
}

/// The moment of a local time: of two the first; a time that a clock skips is as much later.
fn from_wall(wall: i64, zone: UtcOffset) -> i64 {
    let [before, after] = [wall - DAY / 2, wall + DAY / 2].map(|near| wall - zone(near));
    let is = |second: i64| second + zone(second) == wall;
    if is(after) && !is(before) {
        after
    } else {
        before
    }
}

#[cfg(test)]
mod tests {
    use super::super::hours::tests::berlin;
    use super::*;

    fn utc(_: i64) -> i64 {
        0
    }

    fn second(text: &str) -> i64 {
        let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").expect("a time");
        at.and_utc().timestamp()
    }

    #[test]
    fn every_unit_divides_the_years_without_a_gap() {
        for unit in UNITS {
            let from = second("2026-10-24 13:47:11");
            let mut start = unit.floor(from, berlin);
            assert!(start <= from, "{unit}");
            for _ in 0..100 {
                let next = unit.next(start, berlin);
                assert!(next > start, "{unit}");
                assert_eq!(unit.floor(next - 1, berlin), start, "{unit} from {start}");
                assert_eq!(unit.floor(next, berlin), next, "{unit} to {next}");
                start = next;
            }
        }
    }

    #[test]
    fn days_begin_at_midnight_however_long_they_are() {
        let start = Unit::Day.floor(second("2026-10-25 12:00:00"), berlin);
        assert_eq!(start, second("2026-10-24 22:00:00"));
        assert_eq!(Unit::Day.next(start, berlin), start + 25 * HOUR);
        let week = Unit::Week.floor(second("2026-11-01 12:00:00"), utc);
        assert_eq!(week, second("2026-10-26 00:00:00"));
        let quarter = Unit::Months(3).floor(second("2026-12-31 12:00:00"), utc);
        assert_eq!(quarter, second("2026-10-01 00:00:00"));
        let next = Unit::Months(3).next(quarter, utc);
        assert_eq!(next, second("2027-01-01 00:00:00"));
    }

    #[test]
    fn what_the_wall_says_twice_is_the_first() {
        let at = |text| from_wall(second(text), berlin);
        assert_eq!(at("2026-10-25 01:30:00"), second("2026-10-24 23:30:00"));
        assert_eq!(at("2026-10-25 02:30:00"), second("2026-10-25 00:30:00"));
        assert_eq!(at("2026-10-25 03:30:00"), second("2026-10-25 02:30:00"));
        // Put forward by an hour at 1:00 UTC: 2:30 does not exist, and is not before the change.
        let spring: UtcOffset = |at| if at < 1_774_746_000 { HOUR } else { 2 * HOUR };
        let left_out = from_wall(second("2026-03-29 02:30:00"), spring);
        assert_eq!(left_out, second("2026-03-29 01:30:00"));
    }

    #[test]
    fn the_unit_fits_the_length() {
        for (seconds, many, unit) in [
            (0, 100, "second"),
            (3600, 100, "minute"),
            (3600, 10, "10 minutes"),
            (DAY, 100, "15 minutes"),
            (30 * DAY, 100, "12 hours"),
            (365 * DAY, 100, "week"),
            (3650 * DAY, 150, "month"),
            (3_652_000 * DAY, 12, "1000 years"),
        ] {
            let found = Unit::for_intervals(0, seconds, 1, many);
            assert_eq!(found.to_string(), unit, "{seconds} s");
        }
        assert_eq!(Unit::for_intervals(0, 3600, 3600, 100), Unit::Seconds(HOUR));
    }

    #[test]
    fn labels_say_what_changes() {
        let at = second("2026-11-23 21:34:57");
        let zone: UtcOffset = |_| HOUR;
        let both = |unit: Unit| unit.label(at, zone);
        let text = |main: &str, below: &str| (main.to_string(), below.to_string());
        assert_eq!(both(Unit::Seconds(5)), text("22:34:57", "Mon 23 Nov 2026"));
        assert_eq!(both(Unit::Seconds(HOUR)), text("22:34", "Mon 23 Nov 2026"));
        assert_eq!(both(Unit::Day), text("23 Nov", "2026"));
        assert_eq!(both(Unit::Months(1)), text("Nov", "2026"));
        assert_eq!(both(Unit::Years(5)), text("2026", ""));
    }
}
