//! Reads the journal from an offset, forwards and backwards, with bounded memory.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use memchr::{memchr, memrchr};

use super::Before;
use crate::event::{Id, LogId, Stamp};
use crate::line::{self, MAX_LINE};
use crate::system::files::Positional as _;

/// The number of bytes that a search reads at once.
const BLOCK: usize = 64 * 1024;

/// A reader of a journal to which somebody else may be appending. Any number of readers may exist.
///
/// Every method takes the `end` up to which the log is valid: bytes after it may still be cut back.
#[derive(Clone, Debug)]
pub struct Reader {
    file: Arc<File>,
    log: LogId,
    /// Set once nobody waits for the result any more.
    given_up: Option<Arc<AtomicBool>>,
    earlier: Arc<[Before]>,
}

/// A guard held while somebody waits for the results of a [`Reader`]; dropping it stops the reader.
#[derive(Debug)]
pub struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A range of the log: whole lines as they stand in the file, and their offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRange {
    /// The offset of the first line.
    pub offset: u64,
    /// The lines, each with its `\n`. A line longer than [`MAX_LINE`], which no room writes, stands
    /// alone here, cut short and without a `\n`.
    pub bytes: Vec<u8>,
    /// The offset of the line after the range.
    pub next: u64,
}

impl LogRange {
    /// The lines with their offsets, without their `\n`.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = (u64, &[u8])> {
        line::lines(self.offset, &self.bytes)
    }
}

impl Reader {
    /// A reader of `file`, whose ids belong to `log`.
    pub fn new(file: Arc<File>, log: LogId) -> Reader {
        let given_up = None;
        Reader {
            file,
            log,
            given_up,
            earlier: Arc::default(),
        }
    }

    /// The reader with the logs that came before this one, the newest first.
    pub(super) fn going_on_from(self, earlier: Arc<[Before]>) -> Reader {
        Reader { earlier, ..self }
    }

    /// The logs that came before this one, the newest first.
    pub fn earlier(&self) -> &[Before] {
        &self.earlier
    }

    /// The name of the file of the earlier log `log`; `None` if `log` is not an earlier log of this one.
    pub fn before(&self, log: LogId) -> Option<&str> {
        let found = self.earlier.iter().find(|before| before.log == log)?;
        Some(&found.name)
    }

    /// A reader that works for as long as somebody waits: once the returned [`Waiting`] is dropped, it
    /// fails instead of reading.
    pub fn while_waiting(&self) -> (Reader, Waiting) {
        let given_up = Arc::new(AtomicBool::new(false));
        let waiting = Waiting(Arc::clone(&given_up));
        let given_up = Some(given_up);
        let reader = Reader {
            given_up,
            ..self.clone()
        };
        (reader, waiting)
    }

    /// The identity of the log.
    pub fn log(&self) -> LogId {
        self.log
    }

    /// Bytes from `offset` on, as they are: up to `max`, fewer at `end`.
    ///
    /// # Errors
    /// Reading failed, the file is shorter than `end`, or nobody waits any more.
    pub fn bytes(&self, offset: u64, end: u64, max: usize) -> io::Result<Vec<u8>> {
        let given_up = self.given_up.as_ref();
        if given_up.is_some_and(|given_up| given_up.load(Ordering::Relaxed)) {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        let count = end.saturating_sub(offset).min(max as u64) as usize;
        let mut bytes = vec![0; count];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// Whole lines from `offset` on, which must be the start of a line: about `max` bytes, at least
    /// one line, none at `end`.
    ///
    /// # Errors
    /// Reading failed.
    pub fn read(&self, offset: u64, end: u64, max: usize) -> io::Result<LogRange> {
        let mut bytes = self.bytes(offset, end, max)?;
        loop {
            if let Some(last) = memrchr(b'\n', &bytes) {
                bytes.truncate(last + 1);
                let next = offset + bytes.len() as u64;
                return Ok(LogRange {
                    offset,
                    bytes,
                    next,
                });
            }
            let seen = offset + bytes.len() as u64;
            if bytes.is_empty() || seen >= end {
                return Ok(LogRange {
                    offset,
                    bytes,
                    next: seen,
                });
            }
            if bytes.len() >= MAX_LINE {
                bytes.truncate(MAX_LINE);
                let next = self.newline_from(seen, end)?.map_or(end, |at| at + 1);
                return Ok(LogRange {
                    offset,
                    bytes,
                    next,
                });
            }
            let more = self.bytes(seen, end, MAX_LINE - bytes.len())?;
            bytes.extend_from_slice(&more);
        }
    }

    /// Whole lines that end at `before`, which must be the start of a line: about `max` bytes, at
    /// least one line, none at 0.
    ///
    /// # Errors
    /// Reading failed.
    pub fn read_back(&self, before: u64, max: usize) -> io::Result<LogRange> {
        if before == 0 {
            return Ok(LogRange::default());
        }
        let from = before.saturating_sub(max.max(1) as u64);
        // The newline that ends the line before the first whole one; not the very last byte, which
        // ends the last line.
        let offset = match self.newline_from(from.saturating_sub(1), before - 1)? {
            _ if from == 0 => 0,
            Some(at) => at + 1,
            None => self.line_start(from)?,
        };
        let mut range = self.read(
            offset,
            before,
            (before - offset).min(MAX_LINE.max(max) as u64) as usize,
        )?;
        range.next = before;
        Ok(range)
    }

    /// The offset after the last `\n` before `at`, or 0: the start of the line to which a byte at `at`
    /// belongs.
    ///
    /// # Errors
    /// Reading failed.
    pub fn line_start(&self, at: u64) -> io::Result<u64> {
        let mut to = at;
        while to > 0 {
            let from = to.saturating_sub(BLOCK as u64);
            let block = self.bytes(from, to, BLOCK)?;
            if let Some(found) = memrchr(b'\n', &block) {
                return Ok(from + found as u64 + 1);
            }
            to = from;
        }
        Ok(0)
    }

    /// The offset of the first `\n` at or after `from` and before `end`.
    fn newline_from(&self, mut from: u64, end: u64) -> io::Result<Option<u64>> {
        while from < end {
            let block = self.bytes(from, end, BLOCK)?;
            if let Some(found) = memchr(b'\n', &block) {
                return Ok(Some(from + found as u64));
            }
            from += block.len() as u64;
        }
        Ok(None)
    }

    /// The line that starts exactly at `offset`, without its `\n`; `None` inside a line or beyond the end.
    ///
    /// # Errors
    /// Reading failed.
    pub fn line_at(&self, offset: u64, end: u64) -> io::Result<Option<LogRange>> {
        if offset >= end || offset > 0 && self.bytes(offset - 1, end, 1)? != b"\n" {
            return Ok(None);
        }
        let mut range = self.read(offset, end, 1024)?;
        if let Some(first) = memchr(b'\n', &range.bytes) {
            range.bytes.truncate(first);
            range.next = offset + first as u64 + 1;
        }
        Ok(Some(range))
    }

    /// The id of the last line before the offset `before`, which must be the start of a line; `None` at 0.
    ///
    /// # Errors
    /// Reading failed.
    pub fn id_before(&self, before: u64) -> io::Result<Option<Id>> {
        let range = self.read_back(before, 1024)?;
        Ok(range
            .lines()
            .next_back()
            .map(|(offset, text)| self.id(offset, text)))
    }

    /// The id of the line at `offset`, given without its `\n`.
    pub fn id(&self, offset: u64, text: &[u8]) -> Id {
        Id {
            log: self.log,
            offset,
            check: line::check_of(text),
        }
    }

    /// The offset of the line after the one that `id` names; `None` if `id` names no line of this
    /// log before `end`.
    ///
    /// # Errors
    /// Reading failed.
    pub fn after(&self, id: Id, end: u64) -> io::Result<Option<u64>> {
        if id.log != self.log {
            return Ok(None);
        }
        let line = self.line_at(id.offset, end)?;
        Ok(line
            .filter(|line| line::check_of(&line.bytes) == id.check)
            .map(|line| line.next))
    }

    /// The offset at which the newest `count` lines before `end` start.
    ///
    /// # Errors
    /// Reading failed.
    pub fn newest(&self, count: usize, end: u64) -> io::Result<u64> {
        self.newest_within(count, u64::MAX, end)
            .map(|(start, _)| start)
    }

    /// The offset at which the newest `count` lines before `end` start, limited to those within the
    /// last `bytes` but at least one line; `true` if the limit left any out.
    ///
    /// # Errors
    /// Reading failed.
    pub fn newest_within(&self, count: usize, bytes: u64, end: u64) -> io::Result<(u64, bool)> {
        let floor = end.saturating_sub(bytes);
        let (mut left, mut to) = (count, end);
        while left > 0 && to > 0 {
            let block = self.read_back(to, BLOCK)?;
            for (offset, _) in block.lines().rev() {
                if offset < floor && left < count {
                    return Ok((to, true));
                }
                (to, left) = (offset, left - 1);
                if left == 0 {
                    return Ok((to, false));
                }
            }
            to = block.offset;
        }
        Ok((to, false))
    }

    /// The offset of the first line at or after the time `from`; `end` if there is none. The binary
    /// search trusts only lines whose checksum matches.
    ///
    /// # Errors
    /// Reading failed.
    pub fn at_time(&self, from: Stamp, end: u64) -> io::Result<u64> {
        // Lines before `low` are earlier than `from`; the line at `found` is not, or is the end.
        let (mut low, mut high, mut found) = (0, end, end);
        while high.saturating_sub(low) > BLOCK as u64 {
            let middle = low + (high - low) / 2;
            match self.stamp_from(middle, high)? {
                Some((_, next, at)) if at < from => low = next,
                Some((start, _, _)) => {
                    high = start.min(middle);
                    found = start;
                }
                None => high = middle,
            }
        }
        while low < found {
            let range = self.read(low, found, BLOCK)?;
            for (offset, text) in range.lines() {
                if line::split(text)
                    .and_then(|parts| parts.at())
                    .is_ok_and(|at| at >= from)
                {
                    return Ok(offset);
                }
            }
            low = range.next;
        }
        Ok(found)
    }

    /// The first line with a matching checksum that starts at or after `from` and before `high`: its
    /// offset, the offset of the next line, its time.
    fn stamp_from(&self, from: u64, high: u64) -> io::Result<Option<(u64, u64, Stamp)>> {
        let Some(newline) = self.newline_from(from, high)? else {
            return Ok(None);
        };
        let mut at = newline + 1;
        while at < high {
            let range = self.read(at, high, 4096)?;
            for (offset, text) in range.lines() {
                if let Ok(stamp) = line::split(text).and_then(|parts| parts.at()) {
                    return Ok(Some((offset, offset + text.len() as u64 + 1, stamp)));
                }
            }
            at = range.next;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
