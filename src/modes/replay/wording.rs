//! Numbers, durations and times in words. Times are in this machine's zone.

use std::time::Duration;

use chrono::{Local, NaiveDate};

use crate::event::{Elapsed, Stamp};

/// A number with its noun: `1 line`, `2 lines`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

/// A number in grouped digits with its noun: `1,234 lines`.
pub(super) fn counted_in_groups(number: u64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{} {many}", grouped(number)),
    }
}

/// A number with grouped digits: `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration in its two largest units: `3 h 12 min`, `45 s`, `2 days 4 h`.
pub(super) fn duration(length: Duration) -> String {
    let seconds = length.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let days_word = if days == 1 { "day" } else { "days" };
    let (large, small) = if days > 0 {
        ((days, days_word), (hours, "h"))
    } else if hours > 0 {
        ((hours, "h"), (minutes, "min"))
    } else if minutes > 0 {
        ((minutes, "min"), (seconds % 60, "s"))
    } else {
        ((seconds, "s"), (0, ""))
    };
    match small {
        (0, _) => format!("{} {}", large.0, large.1),
        small => format!("{} {} {} {}", large.0, large.1, small.0, small.1),
    }
}

/// Returns whether a moment has a date. Logs of the original program have only the time since their
/// beginning, which is counted from 1970.
fn has_date(at: Stamp) -> bool {
    const YEAR: i64 = 365 * 86_400_000_000;
    at.micros() >= YEAR
}

/// The local time of day: `22:34:57`; the elapsed time for a log without dates.
pub(super) fn clock_or_elapsed(at: Stamp) -> String {
    if has_date(at) {
        at.utc()
            .with_timezone(&Local)
            .format("%H:%M:%S")
            .to_string()
    } else {
        let mut past = Vec::new();
        Elapsed((at.micros() / 1_000_000).unsigned_abs()).write(&mut past);
        String::from_utf8_lossy(&past).into_owned()
    }
}

/// The local date and time of day: `2026-11-23 22:34:57`; the elapsed time for a log without dates.
pub(super) fn date_and_clock_or_elapsed(at: Stamp) -> String {
    match date(at) {
        Some(date) => format!("{date} {}", clock_or_elapsed(at)),
        None => clock_or_elapsed(at),
    }
}

/// The local date; `None` for a log without dates.
pub(super) fn date(at: Stamp) -> Option<NaiveDate> {
    has_date(at).then(|| at.utc().with_timezone(&Local).date_naive())
}

/// The local date and time of day, of any log.
pub(super) fn date_and_clock(at: Stamp) -> String {
    let here = at.utc().with_timezone(&Local);
    here.format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_without_days_has_only_how_long_it_has_been_going_on() {
        let at = Stamp::from_micros(93_784_000_000);
        assert_eq!(
            (clock_or_elapsed(at), date(at)),
            ("26:03:04".to_string(), None)
        );
        assert_eq!(date_and_clock_or_elapsed(at), "26:03:04");
        let at = Stamp::from_micros(1_795_473_297_180_845);
        assert!(
            date_and_clock_or_elapsed(at).starts_with("2026-11-2"),
            "{}",
            date_and_clock_or_elapsed(at)
        );
    }

    #[test]
    fn a_duration_is_told_in_its_two_largest_units() {
        for (seconds, words) in [
            (0, "0 s"),
            (45, "45 s"),
            (60, "1 min"),
            (725, "12 min 5 s"),
            (11_520, "3 h 12 min"),
            (93_784, "1 day 2 h"),
            (172_800, "2 days"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), words);
        }
    }
}
