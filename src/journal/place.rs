//! How far somebody has a log: the place that the `ETag` of `/log.txt` names, and a backup keeps.

use std::fmt;
use std::io;

use super::Reader;
use crate::event::LogId;

/// An end of a log that holds for its whole past: two logs with the same lines until then have the
/// same one, and a log that went another way has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which log.
    pub log: LogId,
    /// Where its last line ends.
    pub end: u64,
    /// The CRC-32C of that line as it stands, without its `\n`. Its time and text are in it.
    pub check: u32,
}

impl Place {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Place> {
        let mut parts = text.split('-');
        let (log, end, check) = (parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str| u32::from_str_radix(text, 16).ok();
        let place = Place {
            log: LogId(hex(log)?),
            end: end.parse().ok()?,
            check: hex(check)?,
        };
        // Nothing else is the same.
        (place.to_string() == text).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The last is how many events were erased, which changes bytes before the end.
        write!(f, "{}-{}-{:08x}-0", self.log, self.end, self.check)
    }
}

impl Reader {
    /// The place at `end`, which must not be beyond the log's; `None` if no line ends there.
    ///
    /// # Errors
    /// Reading failed.
    pub fn place(&self, end: u64) -> io::Result<Option<Place>> {
        if end == 0 || self.bytes(end - 1, end, 1)? != b"\n" {
            return Ok(None);
        }
        let last = self.read_back(end, 1024)?;
        let last = last.lines().next_back();
        Ok(last.map(|(_, line)| Place {
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
    fn a_place_is_what_stands_before_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut journal = journal(&dir.path().join("log.txt"));
        let first = journal.end();
        journal.append(&notice(1, "hi")).expect("appended");
        let (reader, end) = (journal.reader(), journal.end());
        let place = reader.place(end).expect("read").expect("a place");
        assert_eq!(Place::parse(&place.to_string()), Some(place));
        assert_eq!(
            place.check,
            crc32c::crc32c(notice(1, "hi").trim_ascii_end())
        );
        assert_ne!(reader.place(first).expect("read"), Some(place));
        for inside in [0, 1, first - 1, first + 1, end - 1] {
            assert_eq!(reader.place(inside).expect("read"), None, "{inside}");
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
            assert_eq!(Place::parse(wrong), None, "{wrong}");
        }
    }
}
