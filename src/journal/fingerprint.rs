//! The fingerprint of a log up to one of its lines: the `ETag` of `/log.txt`, by which a backup
//! recognises the log that it continues.

use std::fmt;
use std::io;

use super::Reader;
use crate::event::LogId;

/// The end of a line, standing for all of the log before it: two logs with the same lines up to it
/// have the same fingerprint, and a log with other lines has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The log.
    pub log: LogId,
    /// The offset at which the last line ends.
    pub end: u64,
    /// The CRC-32C of the last line as it stands, without its `\n`. It covers the line's time and text.
    pub check: u32,
}

impl Fingerprint {
    /// Parses the form that `Display` writes.
    pub fn parse(text: &str) -> Option<Fingerprint> {
        let mut parts = text.split('-');
        let (log, end, check) = (parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str| u32::from_str_radix(text, 16).ok();
        let fingerprint = Fingerprint {
            log: LogId(hex(log)?),
            end: end.parse().ok()?,
            check: hex(check)?,
        };
        // Other spellings of the same numbers are refused.
        (fingerprint.to_string() == text).then_some(fingerprint)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The last number stands for the count of erased events, which changes bytes before the end.
        write!(f, "{}-{}-{:08x}-0", self.log, self.end, self.check)
    }
}

impl Reader {
    /// The fingerprint at `end`, which must not be beyond the log's end; `None` if no line ends there.
    ///
    /// # Errors
    /// Reading failed.
    pub fn fingerprint(&self, end: u64) -> io::Result<Option<Fingerprint>> {
        if end == 0 || self.bytes(end - 1, end, 1)? != b"\n" {
            return Ok(None);
        }
        let last = self.read_back(end, 1024)?;
        let last = last.lines().next_back();
        Ok(last.map(|(_, line)| Fingerprint {
            log: self.log(),
            end,
            check: crc32c::crc32c(line),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{journal, notice};
    use super::*;

    #[test]
    fn a_fingerprint_is_of_what_stands_before_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut journal = journal(&dir.path().join("log.txt"));
        let first = journal.end();
        journal.append(&notice(1, "hi")).expect("appended");
        let (reader, end) = (journal.reader(), journal.end());
        let fingerprint = reader
            .fingerprint(end)
            .expect("read")
            .expect("a fingerprint");
        assert_eq!(
            Fingerprint::parse(&fingerprint.to_string()),
            Some(fingerprint)
        );
        assert_eq!(
            fingerprint.check,
            crc32c::crc32c(notice(1, "hi").trim_ascii_end())
        );
        assert_ne!(reader.fingerprint(first).expect("read"), Some(fingerprint));
        for inside in [0, 1, first - 1, first + 1, end - 1] {
            assert_eq!(reader.fingerprint(inside).expect("read"), None, "{inside}");
        }
        for wrong in [
            "",
            "5d2f0a11",
            "5d2f0a11-1-2",
            "5D2F0A11-1-00000002-0",
            "5d2f0a11-01-00000002-0",
            "5d2f0a11-1-00000002-0-",
            "5d2f0a11-1-00000002-1",
        ] {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
    }
}
