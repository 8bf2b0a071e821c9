//! Lines of which only what comes after tells of which day they are.
//!
//! A program may write a line just after midnight that happened just before it. By the clock alone it
//! is of the end of the new day; so it is held until the next time: if that goes back to the
//! morning, it was late. What always holds: lines are given on in their order, and few are held.

use std::collections::VecDeque;

use super::dates::{Dates, FAR_BACK, LATE_AT_NIGHT};
use super::parsed::Time;

/// So many lines are held at most, and so many bytes of them.
const MOST: (usize, usize) = (256, 1 << 20);

/// A line that is held.
#[derive(Debug)]
pub struct Line {
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
pub enum Verdict {
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
pub struct Held {
    lines: VecDeque<Line>,
    bytes: usize,
}

impl Held {
    /// What is to be done with a line of that time; of one without any form it is nothing.
    pub fn judge(&self, dates: &Dates, time: Option<&Time>) -> Verdict {
        let clock = time.and_then(|time| time.clock);
        let date = time.and_then(|time| time.date);
        if self.lines.is_empty() {
            return match time.is_some_and(|time| dates.may_be_late(time)) {
                true => Verdict::Hold,
                false => Verdict::Now,
            };
        }
        let full = self.lines.len() >= MOST.0 || self.bytes >= MOST.1;
        match (date, clock) {
            (Some(_), _) => Verdict::Punctual,
            (None, Some(clock)) if clock.minute + FAR_BACK <= LATE_AT_NIGHT => Verdict::Late,
            (None, Some(clock)) if clock.minute < LATE_AT_NIGHT => Verdict::Punctual,
            _ if full => Verdict::Punctual,
            _ => Verdict::Hold,
        }
    }

    /// Holds a line.
    pub fn hold(&mut self, line: Line) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
    }

    /// The next that is held no more.
    pub fn take(&mut self) -> Option<Line> {
        let line = self.lines.pop_front()?;
        self.bytes -= line.text.len();
        Some(line)
    }
}
