//! Time stamps of events, and the elapsed time that a message shows.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Local, NaiveDateTime, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in UTC, in microseconds since 1970, from the year 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stamp(i64);

impl Stamp {
    /// 0000-01-01T00:00:00Z
    const MIN: i64 = -62_167_219_200_000_000;
    /// 9999-12-31T23:59:59.999999Z
    const MAX: i64 = 253_402_300_799_999_999;

    /// The moment `micros` microseconds after 1970, kept within the years 0 to 9999.
    pub fn from_micros(micros: i64) -> Stamp {
        Stamp(micros.clamp(Stamp::MIN, Stamp::MAX))
    }

    /// Now, by the wall clock.
    pub fn now() -> Stamp {
        Stamp::from_micros(Utc::now().timestamp_micros())
    }

    /// Microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// The moment `later` after this one.
    pub fn plus(self, later: Duration) -> Stamp {
        let micros = i64::try_from(later.as_micros()).unwrap_or(i64::MAX);
        Stamp::from_micros(self.0.saturating_add(micros))
    }

    /// The moment `earlier` before this one.
    pub fn minus(self, earlier: Duration) -> Stamp {
        let micros = i64::try_from(earlier.as_micros()).unwrap_or(i64::MAX);
        Stamp::from_micros(self.0.saturating_sub(micros))
    }

    /// The time since `earlier`; zero if this moment is before it.
    pub fn since(self, earlier: Stamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The moment as chrono's type, for calendars and time zones.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// The HTTP date, `Mon, 23 Nov 2026 22:34:57 GMT` (RFC 9110, 5.6.7).
    pub fn http(self) -> String {
        self.utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Appends the 27 characters of the log's form, `2026-11-23T22:34:57.180845Z`.
    pub fn write(self, out: &mut Vec<u8>) {
        // infallible: within the years 0 to 9999.
        let micros = (self.0 - Stamp::MIN) as u64;
        let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
        let (days, second) = (seconds / DAY, seconds % DAY);
        let (year, month, day) = date(days);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut digits = |from: usize, count: usize, mut value: u64| {
            for place in text[from..from + count].iter_mut().rev() {
                *place = b'0' + (value % 10) as u8;
                value /= 10;
            }
        };
        digits(0, 4, year);
        digits(5, 2, month);
        digits(8, 2, day);
        digits(11, 2, second / 3600);
        digits(14, 2, second / 60 % 60);
        digits(17, 2, second % 60);
        digits(20, 6, micros);
        out.extend_from_slice(&text);
    }

    /// Reads exactly the form that [`Stamp::write`] writes (RFC 3339, UTC, microseconds).
    pub fn parse(text: &[u8]) -> Option<Stamp> {
        // The bounds of each character; the calendar checks the rest.
        const LEAST: &[u8; 27] = b"0000-00-00T00:00:00.000000Z";
        const MOST: &[u8; 27] = b"9999-19-39T29:59:59.999999Z";
        let text: &[u8; 27] = text.try_into().ok()?;
        // No early exit, so that it becomes a few vector instructions.
        let shaped = (0..27).fold(true, |shaped, at| {
            shaped & (LEAST[at] <= text[at]) & (text[at] <= MOST[at])
        });
        let number = |from: usize, to: usize| {
            text[from..to].iter().fold(0u64, |sum, digit| {
                sum * 10 + u64::from(digit.wrapping_sub(b'0'))
            })
        };
        let (year, month, day, hour) = (number(0, 4), number(5, 7), number(8, 10), number(11, 13));
        if !shaped || hour > 23 || !(1..=days_of(year, month)).contains(&day) {
            return None;
        }
        let second = hour * 3600 + number(14, 16) * 60 + number(17, 19);
        let micros = (days_before(year, month, day) * DAY + second) * 1_000_000 + number(20, 26);
        // infallible: within the years 0 to 9999.
        Some(Stamp(micros as i64 + Stamp::MIN))
    }
}

/// Seconds of a day.
const DAY: u64 = 86_400;
/// Days of 400 years, after which the calendar repeats itself.
const ERA: u64 = 146_097;
/// Days from the 1st of March of the year -400 to the 1st of January of the year 0.
const TO_ZERO: u64 = ERA - 60;

/// The number of days of the month; `None` for a month that does not exist.
/// The moments at which this machine's clock shows that time, earlier first: usually one, none
/// where clocks go forward, two where they go back.
pub fn on_the_wall(time: NaiveDateTime) -> impl Iterator<Item = DateTime<Local>> {
    let found = Local.from_local_datetime(&time);
    // chrono counts the second at which a repeated hour ends as repeated, too.
    let shows = |at: &DateTime<Local>| at.to_utc().with_timezone(&Local).naive_local() == time;
    let one = found.earliest().filter(shows);
    let other = found.latest().filter(shows).filter(|at| Some(*at) != one);
    // Its order differs where the zone is a rule without a table.
    let (first, second) = match (one, other) {
        (Some(one), Some(other)) => (Some(one.min(other)), Some(one.max(other))),
        (one, other) => (one.or(other), None),
    };
    first.into_iter().chain(second)
}

fn days_of(year: u64, month: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// The number of days from the 1st of January of the year 0 to that date.
///
/// Here and in [`date`] a year begins in March, so that the day that some years have more is its
/// last; from there on months take turns, 153 days in five of them (Howard Hinnant, "chrono-
/// compatible low-level date algorithms").
fn days_before(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = match month {
        ..=2 => (year + 399, month + 9),
        _ => (year + 400, month - 3),
    };
    let leaps = year / 4 - year / 100 + year / 400;
    year * 365 + leaps + (153 * month + 2) / 5 + day - 1 - TO_ZERO
}

/// The year, month and day `days` after the 1st of January of the year 0.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + TO_ZERO;
    let (era, of_era) = (days / ERA, days % ERA);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year;
    match month {
        ..=9 => (year - 400, month + 3, day),
        _ => (year - 399, month - 9, day),
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(27);
        self.write(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Stamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        Stamp::parse(text.as_bytes())
            .ok_or_else(|| de::Error::custom("a time looks like 2026-11-23T22:34:57.180845Z"))
    }
}

/// Whole seconds since the sender's previous message, shown as `H:MM:SS`; hours do not wrap.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Elapsed(pub u64);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        write!(f, "{hours}:{minutes:02}:{seconds:02}")
    }
}

impl Elapsed {
    /// Appends what `Display` shows.
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(itoa::Buffer::new().format(self.0 / 3600).as_bytes());
        let (minutes, seconds) = ((self.0 / 60 % 60) as u8, (self.0 % 60) as u8);
        let digit = |value: u8| b'0' + value;
        out.extend_from_slice(&[
            b':',
            digit(minutes / 10),
            digit(minutes % 10),
            b':',
            digit(seconds / 10),
            digit(seconds % 10),
        ]);
    }

    /// Parses exactly the form that `Display` writes.
    pub fn parse(text: &[u8]) -> Option<Elapsed> {
        match Elapsed::read(text)? {
            (elapsed, []) => Some(elapsed),
            _ => None,
        }
    }

    /// Parses the form at the beginning of `text`, and returns the rest.
    pub fn read(text: &[u8]) -> Option<(Elapsed, &[u8])> {
        let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
        let (hours, rest) = text.split_at(digits);
        let plain_hours = hours == b"0" || hours.first().is_some_and(|first| *first != b'0');
        let ([b':', m, minute, b':', s, second], rest) = rest.split_first_chunk()? else {
            return None;
        };
        let shaped = matches!((m, s), (b'0'..=b'5', b'0'..=b'5'))
            && minute.is_ascii_digit()
            && second.is_ascii_digit();
        if !plain_hours || !shaped {
            return None;
        }
        let number = |tens: &u8, ones: &u8| u64::from((tens - b'0') * 10 + (ones - b'0'));
        let hours = hours.iter().try_fold(0u64, |sum, digit| {
            sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })?;
        let seconds = number(m, minute) * 60 + number(s, second);
        let all = hours.checked_mul(3600)?.checked_add(seconds)?;
        Some((Elapsed(all), rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, NaiveDate, NaiveDateTime};
    use proptest::prelude::*;

    #[test]
    fn a_stamp_reads_back() {
        let text = b"2026-11-23T22:34:57.180845Z";
        let stamp = Stamp::parse(text).expect("a stamp");
        assert_eq!(stamp.to_string().as_bytes(), text);
        assert_eq!(stamp.micros(), 1_795_473_297_180_845);
        for wrong in [
            "2026-11-23T22:34:57.18084Z",
            "2026-11-23 22:34:57.180845Z",
            "2026-02-30T00:00:00.000000Z",
            "2026-11-23T24:00:00.000000Z",
            "2026-11-23T22:34:60.000000Z",
            "2026-11-23T22:34:57.180845z",
        ] {
            assert_eq!(
                Stamp::parse(wrong.as_bytes()),
                None,
                "{wrong:?} was taken for a stamp"
            );
        }
        assert_eq!(
            Stamp::from_micros(i64::MAX).to_string(),
            "9999-12-31T23:59:59.999999Z"
        );
        assert_eq!(
            Stamp::from_micros(i64::MIN).to_string(),
            "0000-01-01T00:00:00.000000Z"
        );
    }

    /// Every day of more than the 400 years after which the calendar repeats itself, at both ends
    /// of what can be recorded and around today, at the day's first and last microsecond.
    #[test]
    fn the_calendar_is_chronos() {
        let first = NaiveDate::from_ymd_opt(0, 1, 1).expect("a date");
        for year in (0..410).chain(1_900..2_100).chain(9_590..10_000) {
            let january = NaiveDate::from_ymd_opt(year, 1, 1).expect("a date");
            for date in january.iter_days().take_while(|date| date.year() == year) {
                let days = (date - first).num_days();
                for (time, micros) in [("00:00:00.000000", 0), ("23:59:59.999999", 86_399_999_999)]
                {
                    let text = format!(
                        "{:04}-{:02}-{:02}T{time}Z",
                        date.year(),
                        date.month(),
                        date.day()
                    );
                    let stamp = Stamp(Stamp::MIN + days * 86_400_000_000 + micros);
                    assert_eq!(stamp.to_string(), text);
                    assert_eq!(Stamp::parse(text.as_bytes()), Some(stamp));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_moment_is_written_as_chrono_does(micros in Stamp::MIN..=Stamp::MAX) {
            let text = Stamp(micros).to_string();
            let chronos = Stamp(micros).utc().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            prop_assert_eq!(&text, &chronos);
            prop_assert_eq!(Stamp::parse(text.as_bytes()), Some(Stamp(micros)));
        }

        #[test]
        fn a_time_is_one_if_it_is_one_for_chrono(
            text in "[0-9]{4}-[012][0-9]-[0-4][0-9]T[0-3][0-9]:[0-7][0-9]:[0-7][0-9]\\.[0-9]{6}Z",
        ) {
            let chronos = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.6fZ").ok()
                // A leap second is one for chrono, and none in a log.
                .filter(|_| &text[17..19] != "60")
                .map(|time| Stamp(time.and_utc().timestamp_micros()));
            prop_assert_eq!(Stamp::parse(text.as_bytes()), chronos);
        }

        #[test]
        fn a_changed_character_makes_it_no_time_or_another(at in 0usize..27, byte in any::<u8>()) {
            let mut text = *b"2026-11-23T22:34:57.180845Z";
            text[at] = byte;
            if let Some(stamp) = Stamp::parse(&text) {
                prop_assert_eq!(stamp.to_string(), String::from_utf8_lossy(&text));
            }
        }

        #[test]
        fn any_elapsed_time_reads_back(seconds in any::<u64>(), short in 0u64..400_000, rest in "[:0-9a]{0,3}") {
            for elapsed in [Elapsed(seconds), Elapsed(short)] {
                let mut text = Vec::new();
                elapsed.write(&mut text);
                prop_assert_eq!(String::from_utf8_lossy(&text), elapsed.to_string());
                prop_assert_eq!(Elapsed::parse(&text), Some(elapsed));
                text.extend_from_slice(rest.as_bytes());
                prop_assert_eq!(Elapsed::read(&text), Some((elapsed, rest.as_bytes())));
            }
        }
    }

    #[test]
    fn elapsed_hours_do_not_wrap() {
        for (seconds, text) in [
            (0, "0:00:00"),
            (17, "0:00:17"),
            (93_784, "26:03:04"),
            (3_599, "0:59:59"),
        ] {
            assert_eq!(Elapsed(seconds).to_string(), text);
            assert_eq!(Elapsed::parse(text.as_bytes()), Some(Elapsed(seconds)));
        }
        for wrong in [
            "",
            "0:0:00",
            "00:00:00",
            "0:60:00",
            "0:00:60",
            ":00:00",
            "1 day, 2:03:04",
            "-1:00:00",
        ] {
            assert_eq!(Elapsed::parse(wrong.as_bytes()), None, "{wrong:?}");
        }
    }
}
