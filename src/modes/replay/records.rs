//! A file taken apart into its records, front to back, in constant memory.
//!
//! What always holds: no more than [`MAX_LINE`] bytes of a record are ever kept, whatever the file
//! holds; a longer one is skipped and said to be too long.

use std::io::{self, BufRead};

use crate::line::MAX_LINE;

/// One record: a line of a room's log, or what stands between two `\r` in the original's.
#[derive(Debug, PartialEq)]
pub struct Record<'a> {
    /// Where it starts in the file.
    pub offset: u64,
    /// The record without its end; nothing if it is too long.
    pub bytes: &'a [u8],
    /// Whether it is longer than any that a room writes.
    pub too_long: bool,
    /// Whether its end is there; only the last record of a file may lack it.
    pub ended: bool,
}

/// The records of a file.
pub struct Records<R> {
    input: R,
    ends: &'static [u8],
    offset: u64,
    bytes: Vec<u8>,
}

impl<R: BufRead> Records<R> {
    /// The records of `input`, which stands at `offset` in its file; each byte of `ends` ends one.
    pub fn new(input: R, offset: u64, ends: &'static [u8]) -> Records<R> {
        Records {
            input,
            ends,
            offset,
            bytes: Vec::new(),
        }
    }

    /// How far the file is read.
    pub fn position(&self) -> u64 {
        self.offset
    }

    /// The next record; `None` at the end of the file.
    ///
    /// # Errors
    /// What the system says when it cannot read on.
    pub fn read(&mut self) -> io::Result<Option<Record<'_>>> {
        self.bytes.clear();
        let start = self.offset;
        let mut too_long = false;
        let ended = loop {
            let ready = match self.input.fill_buf() {
                Ok(ready) => ready,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if ready.is_empty() {
                if self.offset == start {
                    return Ok(None);
                }
                break false;
            }
            let end = ready.iter().position(|byte| self.ends.contains(byte));
            let part = &ready[..end.unwrap_or(ready.len())];
            too_long |= self.bytes.len() + part.len() > MAX_LINE;
            if too_long {
                self.bytes.clear();
            } else {
                self.bytes.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            self.offset += used as u64;
            if end.is_some() {
                break true;
            }
        };
        Ok(Some(Record {
            offset: start,
            bytes: &self.bytes,
            too_long,
            ended,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn all(bytes: &[u8], ends: &'static [u8]) -> Vec<(u64, Vec<u8>, bool, bool)> {
        // A tiny buffer, so that records lie across its borders.
        let mut records = Records::new(BufReader::with_capacity(3, bytes), 100, ends);
        let mut found = Vec::new();
        while let Some(r) = records.read().expect("memory can be read") {
            found.push((r.offset, r.bytes.to_vec(), r.too_long, r.ended));
        }
        assert_eq!(records.position(), 100 + bytes.len() as u64);
        found
    }

    #[test]
    fn each_record_knows_where_it_stands() {
        assert_eq!(
            all(b"first\n\nlast", b"\n"),
            [
                (100, b"first".to_vec(), false, true),
                (106, b"".to_vec(), false, true),
                (107, b"last".to_vec(), false, false),
            ]
        );
        assert_eq!(all(b"", b"\n"), []);
        assert_eq!(all(b"a\rb\n", b"\r\n").len(), 2);
    }

    #[test]
    fn a_record_that_is_too_long_is_skipped_and_not_kept() {
        let mut bytes = vec![b'x'; MAX_LINE];
        bytes.extend_from_slice(b"\n");
        bytes.extend_from_slice(&vec![0; MAX_LINE + 1]);
        bytes.extend_from_slice(b"\nafter\n");
        let found = all(&bytes, b"\n");
        assert_eq!(found[0].1.len(), MAX_LINE);
        assert!(!found[0].2);
        assert_eq!((found[1].1.len(), found[1].2), (0, true));
        assert_eq!(found[2].1, b"after");
    }
}
