//! Whose log a file is, also when its beginning is damaged.
//!
//! A log's id is the checksum of its first line. If that line is damaged the id is its checksum
//! field as it stands, and if that is none either, the CRC-32C of the damaged line: always the same
//! one for the same bytes. Where it is another one than before, every id given out before is
//! refused (`reset`, 410), and none is ever taken for an event that it did not name.

use std::io;

use super::Reader;
use crate::event::LogId;
use crate::line::{self, MAX_LINE};

/// How much of the beginning and of the end may show whose log it is.
const HEAD: usize = 2 * MAX_LINE;
/// What the first line begins with; `0` is any digit.
const FIRST: &[u8] = b"0000-00-00T00:00:00.000000Z * Room opened (";
/// Longer than any first line: version, random number, name of a log before.
const MAX_FIRST: usize = 1_024;
/// So many of those bytes may be wrong, and it is still no accident that the others are right.
const WRONG: usize = 4;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// A room's log with at least one line; the last line ends at `end`.
    Log {
        /// Which.
        log: LogId,
        /// Where the last line ends.
        end: u64,
    },
    /// Empty, or no more than a torn first line.
    Nothing,
    /// A room's log whose line feeds became CR LF.
    Windows,
    /// Nothing but NUL bytes, more than a first line that was torn leaves.
    Zeros,
    /// A log of the original chat room.
    Original,
    /// Something else.
    Foreign,
}

/// Says what the file of `length` bytes is.
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
    // If the first line is damaged, the rest shows whose log it is.
    let ours = line::split(&first).is_ok()
        || is_opening(&head)
        || has_lines(&head)
        || has_lines(&reader.bytes(end.saturating_sub(HEAD as u64), end, HEAD)?);
    Ok(match ours {
        true => Known::Log {
            log: log_of(&first),
            end,
        },
        false => Known::Foreign,
    })
}

/// Which log it is whose first line this is, given without its `\n`, damaged or not.
pub fn log_of(first: &[u8]) -> LogId {
    LogId(match line::split(first) {
        Ok(parts) => parts.checksum,
        Err(_) => line::checksum_field(first).unwrap_or_else(|| crc32c::crc32c(first)),
    })
}

/// Whether the file of `length` bytes ends with a whole line of a room that lacks its line feed, or
/// whose line feed was changed; see [`line::has_changed_end`].
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

/// Whether a file begins with a first line, damaged or not.
fn is_opening(head: &[u8]) -> bool {
    let right = head.iter().zip(FIRST).filter(|(got, want)| fits(got, want));
    right.count() + WRONG >= FIRST.len()
}

/// Whether there is a line with a good checksum in it.
fn has_lines(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|b| *b == b'\n');
    lines.any(|line| line::split(line).is_ok())
}
