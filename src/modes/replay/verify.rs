//! `chatroom replay --verify`: checks every line of a room's log, and reports each fault with its position,
//! its meaning and what to do.
//!
//! [`Checker`] decides: it takes bytes and reports faults, and keeps only the newest time. [`run`] reads the
//! file and prints.
//!
//! Invariant: a fault is reported at the byte where its line starts. Faults that checksums cannot show (whole
//! lines that were removed, repeated or moved) are found only where time runs backwards.

mod fault;

use std::fs::File;
use std::io::{self, Read};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::stdout::{BufferedStdout, progress_of};
use super::wording::counted;
use crate::cli::FileFormat;
use crate::event::{MAX_KEY, Stamp};
use crate::failure::Failure;
use crate::line::{self, Damage, MAX_LINE, STAMP as TIME, Shape};
use crate::modes::replay::read::line_ends::LineEnds;
use crate::modes::replay::read::log::{Log, LogInput, unreadable};
use crate::modes::replay::read::readahead::ReadAhead;
use crate::system::files::Positional as _;

pub(super) use fault::{Fault, FaultKind};

/// Bytes that are read at once; they fit the processor's cache.
const BLOCK: usize = 256 * 1024;
/// The time that a room is given to finish the line that it is writing.
const SETTLED: Duration = Duration::from_millis(100);

/// Bytes of a line's fields that are searched for another line.
const MAX_FIELDS: usize = 256;

/// A checker of a room's log, from its first byte on.
#[derive(Debug, Default)]
pub(super) struct Checker {
    /// The start of the next line.
    offset: u64,
    lines: u64,
    /// The skipped bytes of a line that is too long.
    passed: u64,
    unknown: u64,
    clock: NewestTime,
}

impl Checker {
    /// The number of checked bytes.
    pub(super) fn position(&self) -> u64 {
        self.offset + self.passed
    }

    /// The number of checked lines.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// The number of good lines in a form that this version does not know.
    pub(super) fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Checks as much of the block as can be judged without its continuation: whole lines, and all of a line
    /// that is too long. Returns the number of these bytes; the rest must be passed again with its
    /// continuation.
    pub(super) fn take(&mut self, block: &[u8], report: &mut dyn FnMut(Fault)) -> usize {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', block) {
            self.line(&block[start..end], report);
            self.offset += (end + 1 - start) as u64;
            start = end + 1;
        }
        let rest = block.len() - start;
        if rest as u64 + self.passed > MAX_LINE as u64 {
            self.passed += rest as u64;
            return block.len();
        }
        start
    }

    /// Ends the file; `rest` is what [`Checker::take`] left of it.
    pub(super) fn end(&mut self, rest: &[u8], report: &mut dyn FnMut(Fault)) {
        let bytes = self.passed + rest.len() as u64;
        if bytes == 0 {
            return;
        }
        let kind = if line::has_changed_end(rest) {
            FaultKind::EndChanged
        } else if line::split(rest).is_ok() {
            FaultKind::NoLineFeed
        } else {
            FaultKind::Torn(bytes)
        };
        self.lines += 1;
        report(self.fault(kind));
        (self.offset, self.passed) = (self.offset + bytes, 0);
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault {
            offset: self.offset,
            line: self.lines,
            kind,
        }
    }

    /// Checks one line, given without its `\n`.
    fn line(&mut self, bytes: &[u8], report: &mut dyn FnMut(Fault)) {
        self.lines += 1;
        if self.passed > 0 || bytes.len() > MAX_LINE {
            let length = self.passed + bytes.len() as u64;
            report(self.fault(FaultKind::TooLong(length)));
            // The caller counts the start of the next line from this one's.
            self.offset += self.passed;
            self.passed = 0;
            return;
        }
        match line::check(bytes).and_then(|time| self.clock.read(time)) {
            Ok(time) => {
                if self.lines == 1 && !bytes[TIME..].starts_with(b" * Room opened (") {
                    report(self.fault(FaultKind::NotOpened));
                }
                // Lines about the room are rare, so they may be parsed twice.
                if bytes.get(TIME + 1) == Some(&b'*') {
                    let other = line::raw(bytes).map(|raw| matches!(raw.shape, Shape::Other(_)));
                    self.unknown += u64::from(other.unwrap_or_default());
                }
                if let Some(before) = self.clock.advance(time) {
                    report(self.fault(FaultKind::Earlier(before.text())));
                }
            }
            Err(damage) => {
                let nuls = memchr::memchr_iter(0, bytes).count();
                let kind = match damage {
                    _ if nuls > 0 => FaultKind::Nul(nuls),
                    Damage::NoChecksum | Damage::WrongChecksum if joined(bytes) => {
                        FaultKind::Joined
                    }
                    damage => FaultKind::Damaged(damage),
                };
                report(self.fault(kind));
            }
        }
    }
}

/// Returns whether a damaged line continues with another one after its checksum and key.
fn joined(bytes: &[u8]) -> bool {
    let Some(tab) = memchr::memchr(b'\t', bytes) else {
        return false;
    };
    // Checksum, space, key, the fields that a room writes, and the damaged line feed.
    let farthest = 8 + 1 + MAX_KEY + MAX_FIELDS + 1;
    let mut places = bytes[tab + 1..].windows(TIME).take(farthest + 1);
    places.any(|place| Stamp::parse(place).is_some())
}

/// The time of the newest good line.
#[derive(Debug, Default)]
struct NewestTime {
    newest: Option<TimeField>,
}

/// A time as in a line: date, hour and minute, then the rest. Its digits as numbers sort as times do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct TimeField(u128, u64, u32);

impl TimeField {
    fn of(field: &[u8; TIME]) -> TimeField {
        let mut number = [0; 32];
        number[..TIME].copy_from_slice(field);
        let [mut minute, mut rest] = [[0; 16]; 2];
        minute.copy_from_slice(&number[..16]);
        rest.copy_from_slice(&number[16..]);
        let rest = u128::from_be_bytes(rest);
        TimeField(
            u128::from_be_bytes(minute),
            (rest >> 64) as u64,
            (rest >> 32) as u32,
        )
    }

    fn text(self) -> String {
        let mut text = self.0.to_be_bytes().to_vec();
        text.extend(self.1.to_be_bytes());
        text.extend(self.2.to_be_bytes());
        String::from_utf8_lossy(&text[..TIME]).into_owned()
    }
}

impl NewestTime {
    /// Parses the field. Most lines are in the same hour as the one before, for which no calendar is needed.
    fn read(&self, field: &[u8; TIME]) -> Result<TimeField, Damage> {
        /// The bits of a time's first number that stand for `:MM`.
        const MINUTE: u32 = 24;
        let time = TimeField::of(field);
        let good = match self.newest {
            Some(newest) if newest.0 >> MINUTE == time.0 >> MINUTE => {
                // The rest is :MM:SS.ffffffZ
                let digit = |at: usize| field[at].is_ascii_digit();
                let sixty = |at: usize| matches!(field[at], b'0'..=b'5') & digit(at + 1);
                let marks = (field[13], field[16], field[19], field[26]);
                let digits = (20..26).fold(true, |all, at| all & digit(at));
                digits & sixty(14) & sixty(17) & (marks == (b':', b':', b'.', b'Z'))
            }
            _ => Stamp::parse(field).is_some(),
        };
        good.then_some(time).ok_or(Damage::UnknownForm)
    }

    /// Moves on to the time of the next line; returns the previous one if that was later.
    fn advance(&mut self, time: TimeField) -> Option<TimeField> {
        let before = self.newest.replace(time)?;
        (time < before).then_some(before)
    }
}

/// Verifies the log: prints a line on stdout for each fault, and a summary.
///
/// # Errors
/// The log cannot be read, has no checksums at all, or the output cannot be written.
pub(super) fn run(log: Log) -> Result<ExitCode, Failure> {
    let mut stdout = BufferedStdout::new(progress_of(&log));
    let Log {
        name,
        format,
        ends,
        input,
        ..
    } = log;
    if format != FileFormat::Room {
        return Err(Failure::new(format!(
            "{name} is not a room's own log. Only those have checksums, so it cannot be verified. \
             chatroom replay {name} plays it."
        )));
    }
    let (mut checker, mut faults) = (Checker::default(), 0u64);
    if ends != LineEnds::LineFeed {
        faults += 1;
        let fault = Fault {
            offset: 0,
            line: 1,
            kind: FaultKind::OtherEnds,
        };
        stdout
            .pending
            .extend_from_slice(format!("{fault}\n").as_bytes());
    }
    let source = Source::of(input).map_err(|error| unreadable(&name, &error))?;
    let checked = check(
        &name,
        source.read,
        source.file.as_deref(),
        &mut checker,
        || std::thread::sleep(SETTLED),
        |checked, found| {
            faults += found.len() as u64;
            for fault in found.drain(..) {
                let line = format!("{fault}\n");
                stdout.pending.extend_from_slice(line.as_bytes());
            }
            let packed = source.position.as_ref();
            let packed = packed.map(|at| at.load(Ordering::Relaxed));
            stdout.progress.show(packed.unwrap_or(checked), || {
                format!("{} found", faulty(faults))
            });
            stdout.flush_if_full()
        },
    );
    if checked.is_err() {
        stdout.flush()?;
    }
    checked?;
    let summary = summary(&name, &checker, faults);
    stdout.pending.extend_from_slice(summary.as_bytes());
    stdout.flush()?;
    Ok(match faults {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// The bytes to verify.
struct Source {
    read: Box<dyn Read>,
    /// The file, of which a line may still be written.
    file: Option<Arc<File>>,
    /// Of a stream, the number of bytes that were read before unpacking.
    position: Option<Arc<AtomicU64>>,
}

impl Source {
    fn of(input: LogInput) -> io::Result<Source> {
        Ok(match input {
            LogInput::Stream(stream) => Source {
                read: stream.read,
                file: None,
                position: Some(stream.position),
            },
            LogInput::File { file, end } => Source {
                read: Box::new(ReadAhead::of(Arc::clone(&file), 0, end)?),
                file: Some(file),
                position: None,
            },
        })
    }
}

/// The last line of the output.
fn summary(name: &str, checker: &Checker, faults: u64) -> String {
    let unknown = match checker.unknown() {
        0 => String::new(),
        1 => " 1 line has a form that this version does not know: a newer one wrote it.".into(),
        count => format!(
            " {count} lines have a form that this version does not know: a newer one wrote them."
        ),
    };
    format!(
        "{name}: {}, {}, {}.{unknown}\n",
        counted(checker.lines(), "line", "lines"),
        faulty(faults),
        counted(checker.position(), "byte", "bytes")
    )
}

/// Checks everything that is read, and passes to `found`, after each block, the checker's position in bytes and
/// the new faults. If a `file` ends in the middle of a line, `wait` gives the room that may be writing it a moment.
///
/// # Errors
/// The log cannot be read, or `found` failed.
fn check(
    name: &str,
    mut read: impl Read,
    file: Option<&File>,
    checker: &mut Checker,
    wait: impl Fn(),
    mut found: impl FnMut(u64, &mut Vec<Fault>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut buffer, mut filled) = (vec![0; MAX_LINE + BLOCK], 0);
    let (mut faults, mut ended) = (Vec::new(), false);
    while !ended {
        let at = checker.position() + filled as u64;
        let count = match (read.read(&mut buffer[filled..]), file) {
            (Err(error), _) if error.kind() == io::ErrorKind::Interrupted => continue,
            (Ok(0), Some(file)) if filled > 0 => {
                ended = true;
                wait();
                rest_of_line(file, at, &mut buffer[filled..])
            }
            (count, _) => count,
        };
        let count = count.map_err(|error| unreadable(name, &error))?;
        ended |= count == 0;
        filled += count;
        let mut report = |fault: Fault| faults.push(fault);
        let used = checker.take(&buffer[..filled], &mut report);
        buffer.copy_within(used..filled, 0);
        filled -= used;
        if ended {
            checker.end(&buffer[..filled], &mut report);
        }
        found(checker.position(), &mut faults)?;
    }
    Ok(())
}

/// Reads on to the end of the current line, and no further: a room that is writing may have been caught in
/// the middle of it.
fn rest_of_line(file: &File, at: u64, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    loop {
        let count = match file.read_at(&mut into[filled..], at + filled as u64) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let found = memchr::memchr(b'\n', &into[filled..filled + count]);
        match found {
            Some(at) => return Ok(filled + at + 1),
            None if count == 0 => return Ok(filled),
            None => filled += count,
        }
    }
}

fn faulty(count: u64) -> String {
    counted(count, "fault", "faults")
}

#[cfg(test)]
mod tests;
