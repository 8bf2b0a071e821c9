//! Lines of which only what comes after tells of which day they are.
//!
//! A program may write a line just after midnight that happened just before it. By the clock alone it
//! is of the end of the new day; so it is held until the next time: if that goes back to the
//! morning, it was late. What always holds: lines are given on in their order, and few are held.

use std::collections::VecDeque;

use super::dates::{Dates, FAR_BACK, LATE_AT_NIGHT};
use super::pieces::LineTime;

/// So many lines are held at most, and so many bytes of them.
const MOST: (usize, usize) = (256, 1 << 20);

/// A line that is held.
#[derive(Debug)]
pub struct HeldLine {
    /// Its number.
    pub number: u64,
    /// It, without its end.
    pub text: String,
    /// It was UTF-8.
    pub is_utf8: bool,
    /// It went on.
    pub cut: bool,
}

/// What is to be done with the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    /// It is as it says.
    Now,
    /// It is to be held, too.
    Hold,
    /// What is held is as it says; then this one is.
    Punctual,
    /// What is held was late; then this one is as it says.
    Late,
}

/// The lines that are held, the first of them one with a time.
#[derive(Debug, Default)]
pub struct HeldLines {
    lines: VecDeque<HeldLine>,
    bytes: usize,
}

impl HeldLines {
    /// What is to be done with a line of that time; of one without any form it is nothing.
    pub fn judge(&self, dates: &Dates, time: Option<&LineTime>) -> Lateness {
        let clock = time.and_then(|time| time.clock);
        let date = time.and_then(|time| time.date);
        if self.lines.is_empty() {
            return match time.is_some_and(|time| dates.may_be_late(time)) {
                true => Lateness::Hold,
                false => Lateness::Now,
            };
        }
        let full = self.lines.len() >= MOST.0 || self.bytes >= MOST.1;
        match (date, clock) {
            (Some(_), _) => Lateness::Punctual,
            (None, Some(clock)) if clock.minute + FAR_BACK <= LATE_AT_NIGHT => Lateness::Late,
            (None, Some(clock)) if clock.minute < LATE_AT_NIGHT => Lateness::Punctual,
            _ if full => Lateness::Punctual,
            _ => Lateness::Hold,
        }
    }

    /// Holds a line.
    pub fn hold(&mut self, line: HeldLine) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
    }

    /// The next that is held no more.
    pub fn take(&mut self) -> Option<HeldLine> {
        let line = self.lines.pop_front()?;
        self.bytes -= line.text.len();
        Some(line)
    }
}
