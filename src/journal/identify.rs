//! The identity of the log in a file, even if its beginning is damaged.
//!
//! A log's id is the checksum of its first line. If that line is damaged, the id is its checksum field
//! as it stands, and without a valid field, the CRC-32C of the damaged line: always the same for the
//! same bytes. If damage changes the id, every event id given out before is refused (`reset`, 410),
//! and none is ever taken for an event that it did not name.

use std::io;

use super::Reader;
use crate::event::LogId;
use crate::line::{self, MAX_LINE};

/// The number of bytes at either end of a file that are searched for a room's lines.
const HEAD: usize = 2 * MAX_LINE;
/// The beginning of every first line; `0` stands for any digit.
const FIRST: &[u8] = b"0000-00-00T00:00:00.000000Z * Room opened (";
/// An upper bound for the length of a first line (version, random number, name of a log before), in bytes.
const MAX_FIRST: usize = 1_024;
/// The number of wrong bytes in [`FIRST`] with which a line still counts as a first line.
const WRONG: usize = 4;

/// The kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// A room's log with at least one line.
    Log {
        /// The identity of the log.
        log: LogId,
        /// The offset at which the last line ends.
        end: u64,
    },
    /// Empty, or no more than a torn first line.
    Nothing,
    /// A room's log whose line feeds became CR LF.
    Windows,
    /// Only NUL bytes, more than a torn first line leaves.
    Zeros,
    /// A log of the original chat room.
    Original,
    /// Any other file.
    Foreign,
}

/// Recognises the file of `length` bytes.
///
/// # Errors
/// Reading failed.
pub fn identify(reader: &Reader, length: u64) -> io::Result<Known> {
    let head = reader.bytes(0, length, HEAD)?;
    if head.starts_with(b"\r[") {
        return Ok(Known::Original);
    }
    if line::has_windows_ends(&head) {
        return Ok(Known::Windows);
    }
    let end = reader.line_start(length)?;
    let first = match reader.line_at(0, end)? {
        Some(first) => first.bytes,
        // No whole line: nothing, zeros that a power cut left, or the start of a first line.
        None => {
            if head.len() > MAX_FIRST && head.iter().all(|b| *b == 0) {
                return Ok(Known::Zeros);
            }
            let start = head
                .iter()
                .zip(FIRST)
                .take_while(|(got, want)| fits(got, want));
            let start = start.count();
            let ours = is_opening(&head) || head[start..].iter().all(|b| *b == 0);
            return Ok(if ours { Known::Nothing } else { Known::Foreign });
        }
    };
    // If the first line is damaged, other lines show that the log is a room's.
    let ours = line::split(&first).is_ok()
        || is_opening(&head)
        || has_lines(&head)
        || has_lines(&reader.bytes(end.saturating_sub(HEAD as u64), end, HEAD)?);
    Ok(if ours {
        Known::Log {
            log: log_of(&first),
            end,
        }
    } else {
        Known::Foreign
    })
}

/// The identity of the log with this first line, given without its `\n`, damaged or not.
pub fn log_of(first: &[u8]) -> LogId {
    LogId(match line::split(first) {
        Ok(parts) => parts.checksum,
        Err(_) => line::checksum_field(first).unwrap_or_else(|| crc32c::crc32c(first)),
    })
}

/// Tells whether the file of `length` bytes ends with a whole line of a room whose line feed is
/// missing or was changed; see [`line::has_changed_end`].
pub(super) fn lacks_line_feed(reader: &Reader, length: u64) -> io::Result<bool> {
    let from = length.saturating_sub(MAX_LINE as u64);
    let end = reader.bytes(from, length, MAX_LINE)?;
    let start = memchr::memrchr(b'\n', &end).map_or(0, |at| at + 1);
    let last = &end[start..];
    Ok(line::split(last).is_ok() || line::has_changed_end(last))
}

fn fits(got: &u8, want: &u8) -> bool {
    got == want || *want == b'0' && got.is_ascii_digit()
}

/// Tells whether a file begins with a first line, damaged or not.
fn is_opening(head: &[u8]) -> bool {
    let right = head.iter().zip(FIRST).filter(|(got, want)| fits(got, want));
    right.count() + WRONG >= FIRST.len()
}

/// Tells whether any line has a matching checksum.
fn has_lines(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|b| *b == b'\n');
    lines.any(|line| line::split(line).is_ok())
}
