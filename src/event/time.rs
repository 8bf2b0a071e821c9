//! Times: when something was recorded, and how long ago its sender spoke before.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Datelike, Timelike, Utc};
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

    /// This moment and `later` more.
    pub fn plus(self, later: Duration) -> Stamp {
        let micros = i64::try_from(later.as_micros()).unwrap_or(i64::MAX);
        Stamp::from_micros(self.0.saturating_add(micros))
    }

    /// This moment less `earlier`.
    pub fn minus(self, earlier: Duration) -> Stamp {
        let micros = i64::try_from(earlier.as_micros()).unwrap_or(i64::MAX);
        Stamp::from_micros(self.0.saturating_sub(micros))
    }

    /// How long after `earlier` this is; nothing if it is before.
    pub fn since(self, earlier: Stamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// As chrono has it, for calendars and time zones.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// Appends the 27 characters of the log's form, `2026-11-23T22:34:57.180845Z`.
    pub fn write(self, out: &mut Vec<u8>) {
        let t = self.utc();
        let year = t.year().clamp(0, 9999) as u32;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut digits = |from: usize, count: usize, mut value: u32| {
            for place in text[from..from + count].iter_mut().rev() {
                *place = b'0' + (value % 10) as u8;
                value /= 10;
            }
        };
        digits(0, 4, year);
        digits(5, 2, t.month());
        digits(8, 2, t.day());
        digits(11, 2, t.hour());
        digits(14, 2, t.minute());
        digits(17, 2, t.second());
        digits(20, 6, t.timestamp_subsec_micros());
        out.extend_from_slice(&text);
    }

    /// Reads exactly the form that [`Stamp::write`] writes (RFC 3339, UTC, microseconds).
    pub fn parse(text: &[u8]) -> Option<Stamp> {
        let pattern = b"dddd-dd-ddTdd:dd:dd.ddddddZ";
        let shaped = text.len() == pattern.len()
            && text.iter().zip(pattern).all(|(got, want)| match want {
                b'd' => got.is_ascii_digit(),
                want => got == want,
            });
        if !shaped {
            return None;
        }
        let number = |from: usize, to: usize| {
            text[from..to]
                .iter()
                .fold(0u32, |sum, digit| sum * 10 + u32::from(digit - b'0'))
        };
        let date =
            chrono::NaiveDate::from_ymd_opt(number(0, 4) as i32, number(5, 7), number(8, 10))?;
        let time = date.and_hms_micro_opt(
            number(11, 13),
            number(14, 16),
            number(17, 19),
            number(20, 26),
        )?;
        Some(Stamp::from_micros(time.and_utc().timestamp_micros()))
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
    /// Reads exactly what `Display` writes.
    pub fn parse(text: &[u8]) -> Option<Elapsed> {
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0u64, |sum, digit| {
                let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
                sum.checked_mul(10)?.checked_add(value)
            })
        };
        let (hours, rest) = text.split_at_checked(text.len().checked_sub(6)?)?;
        let plain_hours = hours == b"0" || hours.first().is_some_and(|first| *first != b'0');
        if !plain_hours || rest[0] != b':' || rest[3] != b':' {
            return None;
        }
        let (minutes, seconds) = (number(&rest[1..3])?, number(&rest[4..6])?);
        if minutes > 59 || seconds > 59 {
            return None;
        }
        let hours = number(hours)?.checked_mul(3600)?;
        hours.checked_add(minutes * 60 + seconds).map(Elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
