//! The log of the original two-file program: `\r[name]: H:MM:SS:text`, over and over.
//!
//! The log has no times and no joins, only the silence of each sender (in Python's notation). Names and texts are
//! unescaped: a text may look like a record, but only a `\r` begins one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use crate::event::{Body, Elapsed, Event, Stamp};

/// The senders that are remembered while times are rebuilt, at most; beyond that all are forgotten, so memory
/// stays bounded.
const MAX_SENDERS: usize = 4_096;

/// A record of the original program's log.
#[derive(Debug, PartialEq)]
pub(super) struct OriginalRecord<'a> {
    /// The sender.
    pub name: Cow<'a, str>,
    /// The elapsed time as written.
    pub elapsed_text: &'a str,
    /// The elapsed time; zero if the original's clock ran backwards.
    pub elapsed: Duration,
    /// The message.
    pub text: Cow<'a, str>,
}

/// Parses one record, given without the `\r`s around it.
pub(super) fn parse(bytes: &[u8]) -> Option<OriginalRecord<'_>> {
    let inside = bytes.strip_prefix(b"[")?;
    let mut from = 0;
    // A name may contain `]`: it ends at the first one that an elapsed time follows.
    while let Some(at) = find(&inside[from..], b"]: ").map(|at| from + at) {
        let rest = &inside[at + 3..];
        if let Some((elapsed_text, elapsed)) = elapsed(rest) {
            return Some(OriginalRecord {
                name: String::from_utf8_lossy(&inside[..at]),
                elapsed_text,
                elapsed,
                text: String::from_utf8_lossy(&rest[elapsed_text.len() + 1..]),
            });
        }
        from = at + 1;
    }
    None
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|part| part == what)
}

/// The elapsed time at the beginning of `bytes`, up to its colon: `0:00:17`, `1 day, 2:03:04`,
/// `0:00:17.250000`, or `-1 day, 23:59:58` of a clock that was put back.
fn elapsed(bytes: &[u8]) -> Option<(&str, Duration)> {
    const LONGEST: usize = "-999999999 days, 23:59:59.999999:".len();
    let head = &bytes[..bytes.len().min(LONGEST)];
    let end = head
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b':')
        .nth(2)?
        .0;
    let text = std::str::from_utf8(&head[..end]).ok()?;
    let (days, time) = match text.split_once(", ") {
        None => (0, text),
        Some((days, time)) => {
            let number = days
                .strip_suffix(" days")
                .or_else(|| days.strip_suffix(" day"))?;
            let digits = number.strip_prefix('-').unwrap_or(number);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (number.parse::<i64>().ok()?, time)
        }
    };
    let (time, micros) = match time.split_once('.') {
        None => (time, 0),
        Some((time, digits)) => {
            let six = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
            (
                time,
                if six {
                    digits.parse().ok()?
                } else {
                    return None;
                },
            )
        }
    };
    let seconds = Elapsed::parse(time.as_bytes())?.0;
    let length = match u64::try_from(days) {
        Ok(days) => {
            let seconds = days.checked_mul(86_400)?.checked_add(seconds)?;
            Duration::from_secs(seconds).saturating_add(Duration::from_micros(micros))
        }
        Err(_) => Duration::ZERO,
    };
    Some((text, length))
}

/// Rebuilds times from the silences of the senders.
///
/// Time starts at zero when the first sender came in. Later senders are assumed to have come in then, too;
/// where that cannot be, the order of the file wins.
#[derive(Default)]
pub(super) struct OriginalClock {
    now: Duration,
    last: HashMap<String, Duration>,
}

impl OriginalClock {
    /// The event of a record. Its stamp counts from 1970, not from a date.
    pub(super) fn event(&mut self, record: OriginalRecord<'_>) -> Event {
        let before = self.last.get(record.name.as_ref()).copied();
        let at = before.unwrap_or_default().saturating_add(record.elapsed);
        self.now = self.now.max(at);
        if self.last.len() >= MAX_SENDERS {
            self.last.clear();
        }
        self.last.insert(record.name.to_string(), self.now);
        Event {
            at: Stamp::from_micros(0).plus(self.now),
            body: Body::message(record.name.into_owned(), record.text.into_owned())
                .elapsed(record.elapsed.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(record: &str) -> Option<(String, u64, String)> {
        let r = parse(record.as_bytes())?;
        Some((r.name.to_string(), r.elapsed.as_secs(), r.text.to_string()))
    }

    fn some(name: &str, seconds: u64, text: &str) -> Option<(String, u64, String)> {
        Some((name.to_string(), seconds, text.to_string()))
    }

    #[test]
    fn every_odd_record_is_read() {
        for (record, wanted) in [
            ("[mira]: 0:00:05:tea?", some("mira", 5, "tea?")),
            (
                "[mira]: 0:01:00:at 4:15 or 4:30:",
                some("mira", 60, "at 4:15 or 4:30:"),
            ),
            (
                "[jo]: 0:00:02:[mira]: 0:00:01:I never said that",
                some("jo", 2, "[mira]: 0:00:01:I never said that"),
            ),
            ("[jo]: 1 day, 2:03:04:back", some("jo", 93_784, "back")),
            ("[jo]: 12 days, 0:00:01:back", some("jo", 1_036_801, "back")),
            ("[jo]: -1 day, 23:59:58:clock", some("jo", 0, "clock")),
            ("[jo]: 0:00:17.250000:late", some("jo", 17, "late")),
            ("[a]b]: 0:00:01:odd name", some("a]b", 1, "odd name")),
            ("[a]: b]: 0:00:01:odder", some("a]: b", 1, "odder")),
            ("[]: 0:00:01:nameless", some("", 1, "nameless")),
            ("[jo]: 0:00:00:", some("jo", 0, "")),
            ("[日本]: 0:00:09:café 😀", some("日本", 9, "café 😀")),
        ] {
            assert_eq!(parts(record), wanted, "{record}");
        }
        let broken = parse(b"[jo]: 0:00:01:caf\xe9").expect("a record");
        assert_eq!(broken.text, "caf\u{fffd}");
    }

    #[test]
    fn what_is_no_record_is_not_taken_for_one() {
        for wrong in [
            "",
            "[",
            "[jo]",
            "[jo]: ",
            "[jo]: hello",
            "[jo]: 0:00:61:x",
            "[jo]: 0:0:1:x",
            "[jo]: day, 0:00:01:x",
            "[jo]: 0:00:01",
            "jo]: 0:00:01:x",
            "[jo]: 0:00:01.25:x",
        ] {
            assert_eq!(parts(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn times_are_rebuilt_and_never_run_backwards() {
        let mut clock = OriginalClock::default();
        let times: Vec<i64> = [
            "[mira]: 0:00:10:first",
            "[jo]: 0:00:04:came later, or wrote sooner",
            "[mira]: 0:00:20:second",
            "[jo]: 0:10:00:third",
            "[mira]: 1 day, 0:00:00:fourth",
            "[jo]: 0:00:00:came in again",
        ]
        .iter()
        .map(|record| clock.event(parse(record.as_bytes()).expect("a record")))
        .map(|event| event.at.micros() / 1_000_000)
        .collect();
        assert_eq!(times, [10, 10, 30, 610, 86_430, 86_430]);
    }

    #[test]
    fn the_senders_that_are_remembered_are_bounded() {
        let mut clock = OriginalClock::default();
        for n in 0..MAX_SENDERS + 10 {
            let record = format!("[n{n}]: 0:00:01:x");
            clock.event(parse(record.as_bytes()).expect("a record"));
        }
        assert!(clock.last.len() <= MAX_SENDERS);
    }
}
