//! Lines that are not shown, and the report about them at the end.
//!
//! Invariant: a line that is not as the room wrote it is never shown as genuine; its [`Defect`] and position
//! are reported instead.

use std::fmt;
use std::io::{self, Write};

use crate::event::Stamp;
use crate::line::{Damage, RawLine, raw};
use crate::modes::replay::read::log::PIPE;

/// The reason not to show a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    Damaged(Damage),
    /// A line longer than any that a room writes.
    TooLong,
    /// The last line, cut off in the middle.
    Torn,
}

impl Defect {
    /// The sentence in place of the line at `offset`.
    pub(crate) fn sentence(self, offset: u64) -> String {
        match self {
            Defect::Torn => format!(
                "The log is torn at byte {offset}: its last line is incomplete and is not shown."
            ),
            // The words of `sse::wire_of`: a listener and a replay get the same.
            _ => format!("The log is damaged at byte {offset}: {self}. This line is not shown."),
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Defect::Damaged(damage) => damage.fmt(f),
            Defect::TooLong => f.write_str("the line is longer than any that a room writes"),
            Defect::Torn => f.write_str("the last line is incomplete"),
        }
    }
}

impl From<Damage> for Defect {
    fn from(damage: Damage) -> Defect {
        Defect::Damaged(damage)
    }
}

/// Parses a line, given without its `\n`, and checks that a room wrote it.
///
/// # Errors
/// The damage of the line.
pub(crate) fn judge(line: &[u8]) -> Result<(Stamp, RawLine<'_>), Damage> {
    let raw = raw(line)?;
    match Stamp::parse(raw.time) {
        Some(at) if raw.is_canonical() => Ok((at, raw)),
        _ => Err(Damage::UnknownForm),
    }
}

/// As [`judge`], for a line that may be the last one, of which only a part was written; `ended` says whether
/// its `\n` is there.
///
/// # Errors
/// The defect: a bad line without `\n` is torn.
pub(crate) fn judge_or_torn(line: &[u8], ended: bool) -> Result<(Stamp, RawLine<'_>), Defect> {
    judge(line).map_err(|damage| {
        if ended {
            Defect::Damaged(damage)
        } else {
            Defect::Torn
        }
    })
}

/// The advice about damage in the log called `name`, as the end of a sentence; empty for a pipe, which is
/// gone.
pub(crate) fn advice(name: &str) -> String {
    match name {
        PIPE => String::new(),
        name => format!("; chatroom replay --verify {name} says where and why"),
    }
}

/// The defects that were met.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Defects {
    /// The number of damaged lines.
    pub damaged: u64,
    /// The last line is torn.
    pub torn: bool,
    /// The offset of the first of these lines.
    pub first: Option<u64>,
}

impl Defects {
    /// Counts a defect of the line at `offset`.
    pub(crate) fn add(&mut self, offset: u64, defect: Defect) {
        match defect {
            Defect::Torn => self.torn = true,
            _ => self.damaged += 1,
        }
        self.first.get_or_insert(offset);
    }

    /// Prints one line on stderr if the log called `name` has defects.
    pub(crate) fn report(&self, name: &str) {
        let Some(found) = self.in_words() else { return };
        let first = self.first.unwrap_or_default();
        // Nothing can be reported if stderr is closed.
        let _ = writeln!(
            io::stderr(),
            "chatroom: {name} has {found}, first at byte {first}. Each is reported in its place; \
             the rest is intact."
        );
    }

    /// As [`Defects::report`], if not all lines were read, or not all are shown.
    pub(crate) fn report_partial(&self, name: &str) {
        let Some(found) = self.in_words() else { return };
        let first = self.first.unwrap_or_default();
        let _ = writeln!(
            io::stderr(),
            "chatroom: {name} has at least {found}, first at byte {first}. Damage is not shown{}.",
            advice(name)
        );
    }

    /// The lines with a defect in words: `2 damaged lines and a torn last line`; `None` if there are none.
    pub(crate) fn in_words(&self) -> Option<String> {
        let damaged = match self.damaged {
            0 => String::new(),
            1 => "1 damaged line".to_string(),
            n => format!("{n} damaged lines"),
        };
        Some(match (self.damaged, self.torn) {
            (0, false) => return None,
            (0, true) => "a torn last line".to_string(),
            (_, false) => damaged,
            (_, true) => format!("{damaged} and a torn last line"),
        })
    }
}
