//! Lines whose day depends on the line after them.
//!
//! A program may write a line just after midnight that happened just before. By its clock it belongs to the
//! end of the new day, so it is postponed until the next time: if that is in the morning, the line was late.
//!
//! Invariant: lines leave in their order, and few are postponed.

use std::collections::VecDeque;

use super::dates::{Dates, FAR_BACK, LATE_AT_NIGHT};
use super::syntax::LineTime;

/// The lines that are postponed, and their bytes, at most.
const MOST: (usize, usize) = (256, 1 << 20);

/// A line without its time.
#[derive(Debug)]
pub(super) struct PostponedLine {
    /// The line's number; the first is 1.
    pub number: u64,
    /// The line without its end.
    pub text: String,
    pub is_utf8: bool,
    /// The line was longer.
    pub cut: bool,
}

/// The day of a line without a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timing {
    /// The current day.
    Punctual,
    /// The previous day.
    Late,
}

/// The treatment of the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Its event is added at once.
    Use,
    /// Postponed until the next line with a time.
    Postpone,
    /// The postponed lines are released with that timing, then it is judged anew.
    Release(Timing),
}

/// The lines that are postponed, of which the first has a time.
#[derive(Debug, Default)]
pub(super) struct PostponedLines {
    lines: VecDeque<PostponedLine>,
    bytes: usize,
}

impl PostponedLines {
    /// Decides about a line with that time; `None` is a line in no form.
    pub(super) fn judge(&self, dates: &Dates, time: Option<&LineTime>) -> Treatment {
        let clock = time.and_then(|time| time.clock);
        let date = time.and_then(|time| time.date);
        if self.lines.is_empty() {
            return if time.is_some_and(|time| dates.may_be_late(time)) {
                Treatment::Postpone
            } else {
                Treatment::Use
            };
        }
        let full = self.lines.len() >= MOST.0 || self.bytes >= MOST.1;
        match (date, clock) {
            (Some(_), _) => Treatment::Release(Timing::Punctual),
            (None, Some(clock)) if clock.minute + FAR_BACK <= LATE_AT_NIGHT => {
                Treatment::Release(Timing::Late)
            }
            (None, Some(clock)) if clock.minute < LATE_AT_NIGHT => {
                Treatment::Release(Timing::Punctual)
            }
            _ if full => Treatment::Release(Timing::Punctual),
            _ => Treatment::Postpone,
        }
    }

    /// Adds a line.
    pub(super) fn postpone(&mut self, line: PostponedLine) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
    }

    /// The next line to release.
    pub(super) fn take(&mut self) -> Option<PostponedLine> {
        let line = self.lines.pop_front()?;
        self.bytes -= line.text.len();
        Some(line)
    }
}
