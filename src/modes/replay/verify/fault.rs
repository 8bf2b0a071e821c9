//! The faults of a room's log, with their meaning and what to do.

use std::fmt;

use crate::line::Damage;

/// The kind of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// Bad checksum or unknown form.
    Damaged(Damage),
    /// All lines end as on another system.
    OtherEnds,
    /// Another line follows in it: the line feed between them is missing.
    Joined,
    /// This many NUL bytes in the line.
    Nul(usize),
    /// More bytes than any line that a room writes: this many.
    TooLong(u64),
    /// Earlier than the line before, which has this time.
    Earlier(String),
    /// A first line that does not say that the room was opened.
    NotOpened,
    /// A last line of this many bytes without a line feed.
    Torn(u64),
    /// A last line that lacks only its line feed.
    NoLineFeed,
    /// A whole last line whose line feed was changed.
    EndChanged,
}

impl fmt::Display for FaultKind {
    /// The meaning and what to do, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KEPT: &str = "The room keeps it and shows it as damaged; look for it in a backup.";
        const CUT: &str = "At its next start the room saves it beside the log and cuts it off. \
                           If a room is writing to this file, verify it again.";
        match self {
            FaultKind::Damaged(damage @ Damage::WrongChecksum) => write!(
                f,
                "{damage}: something in it was changed after it was written. {KEPT}"
            ),
            FaultKind::Damaged(damage @ Damage::NoChecksum) => write!(
                f,
                "{damage}: its end was changed or lost, or something else wrote here. {KEPT}"
            ),
            FaultKind::Damaged(damage @ Damage::UnknownForm) => write!(
                f,
                "{damage}, but its checksum is right: a newer version may have written it. Verify \
                 it with that one."
            ),
            FaultKind::OtherEnds => f.write_str(
                "its lines end with CR LF or CR, as on another system: an editor, FTP or git \
                 changed them. Nothing is lost by that. The rest is about the log as it was, with \
                 its byte offsets; --convert NEW.txt restores it.",
            ),
            FaultKind::Joined => write!(
                f,
                "lines run together here: the line feed between them was changed or lost. {KEPT}"
            ),
            FaultKind::Nul(1) => write!(
                f,
                "the line contains a NUL byte, which no room writes: the disk lost what was here. \
                 {KEPT}"
            ),
            FaultKind::Nul(count) => write!(
                f,
                "the line contains {count} NUL bytes, which no room writes: the disk lost what was \
                 here. {KEPT}"
            ),
            FaultKind::TooLong(bytes) => write!(
                f,
                "the line has {bytes} bytes, more than any that a room writes: its line feeds were \
                 lost, or something else wrote here. {KEPT}"
            ),
            FaultKind::Earlier(before) => write!(
                f,
                "its time is earlier than that of the line before, {before}: whole lines were \
                 moved, repeated or inserted, or a clock was set back by hand. Compare with a \
                 backup."
            ),
            FaultKind::NotOpened => f.write_str(
                "the log does not begin with \"* Room opened\": its first lines were removed, or \
                 this is a part of a log. Look for the rest in a backup.",
            ),
            FaultKind::Torn(1) => write!(
                f,
                "the last line is torn, 1 byte without a line feed: a room was stopped while it \
                 wrote, or the end was lost. {CUT}"
            ),
            FaultKind::Torn(bytes) => write!(
                f,
                "the last line is torn, {bytes} bytes without a line feed: a room was stopped \
                 while it wrote, or the end was lost. {CUT}"
            ),
            FaultKind::NoLineFeed => f.write_str(
                "the last line is whole, but its line feed is missing: a room was stopped while it \
                 wrote, or an editor took it away. At its next start the room adds it and keeps the \
                 line. If a room is writing to this file, verify it again.",
            ),
            FaultKind::EndChanged => f.write_str(
                "the last line is whole, but the line feed at its end was changed. At its next \
                 start the room keeps the line and shows it as damaged.",
            ),
        }
    }
}

/// A fault with its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The start of its line in the file.
    pub offset: u64,
    /// The number of its line; the first is 1.
    pub line: u64,
    pub kind: FaultKind,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { offset, line, kind } = self;
        write!(f, "byte {offset} (line {line}): {kind}")
    }
}
