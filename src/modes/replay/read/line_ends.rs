//! Line ends of other systems.
//!
//! Invariant: the log is read once, front to back, in constant memory, and its lines come out with line
//! feeds.

use std::io::{self, Read};

use memchr::memchr;

use crate::cli::FileFormat;
use crate::line;
use crate::modes::replay::formats::detect;
use crate::modes::replay::portions::hand_out;

/// Bytes that are read at once.
const BLOCK: usize = 64 * 1024;
/// The byte order mark that an editor may put before the first line.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The ends of a log's lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LineEnds {
    #[default]
    LineFeed,
    /// CR LF, in a room's log, which has no CR of its own.
    Windows,
    /// CR alone, as on old Macs.
    Cr,
}

impl LineEnds {
    /// The note about a room's log with these ends.
    pub(crate) fn note(self) -> Option<String> {
        let which = match self {
            LineEnds::LineFeed => return None,
            LineEnds::Windows => "CR LF, as on Windows",
            LineEnds::Cr => "CR only, as on old Macs",
        };
        Some(format!(
            "has other line ends than a room writes ({which}): an editor, FTP or git changed them. \
             Nothing in it is lost, and it is read as it was; --convert NEW.txt restores it."
        ))
    }
}

/// The kind of a log that begins with `head`, and its line ends; `None` for an unknown kind.
pub(crate) fn sniff(head: &[u8], format: Option<FileFormat>) -> Option<(FileFormat, LineEnds)> {
    let windows = matches!(format, None | Some(FileFormat::Room)) && line::has_windows_ends(head);
    if windows {
        return Some((FileFormat::Room, LineEnds::Windows));
    }
    let found = format.or_else(|| detect(head));
    if found == Some(FileFormat::Original) || !has_lone_cr(head) {
        return Some((found?, LineEnds::LineFeed));
    }
    let mut mended = head.to_vec();
    with_line_feeds(&mut mended);
    let found = format.or_else(|| detect(&mended)).or(found)?;
    Some((found, LineEnds::Cr))
}

/// Returns whether lines end with CR, and none otherwise. A CR at the very end may be half of CR LF.
fn has_lone_cr(head: &[u8]) -> bool {
    let last = head.len().saturating_sub(1);
    memchr(b'\n', head).is_none() && memchr(b'\r', &head[..last]).is_some()
}

fn with_line_feeds(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte == b'\r') {
        *byte = b'\n';
    }
}

/// A reader that replaces other line ends with line feeds.
pub(crate) struct LineFeeds<R> {
    read: R,
    ends: LineEnds,
    /// The bytes that were read last.
    raw: Vec<u8>,
    /// The converted bytes, and the number of them that were handed out.
    ready: Vec<u8>,
    given: usize,
    /// The last byte was a CR, whose meaning depends on the next.
    after_cr: bool,
    begun: bool,
}

impl<R: Read> LineFeeds<R> {
    pub(crate) fn new(read: R, ends: LineEnds) -> LineFeeds<R> {
        LineFeeds {
            read,
            ends,
            raw: vec![0; BLOCK],
            ready: Vec::new(),
            given: 0,
            after_cr: false,
            begun: false,
        }
    }

    fn take(&mut self, count: usize) {
        let mut rest = &self.raw[..count];
        if !std::mem::replace(&mut self.begun, true) {
            rest = rest.strip_prefix(MARK).unwrap_or(rest);
        }
        if self.ends == LineEnds::Cr {
            self.ready.extend_from_slice(rest);
            return with_line_feeds(&mut self.ready);
        }
        if std::mem::take(&mut self.after_cr) && rest.first() != Some(&b'\n') {
            self.ready.push(b'\r');
        }
        while let Some(at) = memchr(b'\r', rest) {
            let next = rest.get(at + 1);
            self.after_cr = next.is_none();
            let kept = at + usize::from(next.is_some_and(|next| *next != b'\n'));
            self.ready.extend_from_slice(&rest[..kept]);
            rest = &rest[at + 1..];
        }
        self.ready.extend_from_slice(rest);
    }
}

impl<R: Read> Read for LineFeeds<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            self.ready.clear();
            self.given = 0;
            match self.read.read(&mut self.raw)? {
                0 if std::mem::take(&mut self.after_cr) => self.ready.push(b'\r'),
                0 => return Ok(0),
                count => self.take(count),
            }
        }
        Ok(hand_out(&self.ready, &mut self.given, into))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modes::replay::testing::Portions;

    fn mended(bytes: &[u8], ends: LineEnds, portion: usize) -> String {
        let mut out = String::new();
        let mut read = LineFeeds::new(Portions(bytes.to_vec(), portion), ends);
        read.read_to_string(&mut out).expect("read");
        out
    }

    #[test]
    fn other_line_ends_become_line_feeds_in_portions_of_any_size() {
        for portion in [3, 4, 5, 100] {
            let windows = b"\xef\xbb\xbfone\r\n\r\ntwo\rmore\r\r\nthree\nfour\r";
            assert_eq!(
                mended(windows, LineEnds::Windows, portion),
                "one\n\ntwo\rmore\r\nthree\nfour\r"
            );
            assert_eq!(mended(b"one\rtwo\r", LineEnds::Cr, portion), "one\ntwo\n");
            assert_eq!(mended(b"", LineEnds::Windows, portion), "");
        }
        assert_eq!(mended(b"a\r\nb\r\n", LineEnds::Windows, 1), "a\nb\n");
    }

    #[test]
    fn kinds_and_line_ends_are_told_together() {
        let of = |head: &str| sniff(head.as_bytes(), None);
        let room = "2026-11-23T22:34:40.001201Z * Room opened (chatroom 0.1.0, 6f1d0c5be2a94c07)\t";
        let sum = |body: &str| {
            let mut out = Vec::new();
            let event = crate::event::Event {
                at: crate::event::Stamp::from_micros(1_795_473_280_001_201),
                body: crate::event::Body::notice(body),
            };
            line::to_line(&event, &mut out);
            String::from_utf8(out)
                .expect("UTF-8")
                .trim_end()
                .to_string()
        };
        let line = sum("hello");
        for (head, wanted) in [
            (
                format!("{line}\n{line}\n"),
                Some((FileFormat::Room, LineEnds::LineFeed)),
            ),
            (
                format!("{line}\r\n{line}\r\n"),
                Some((FileFormat::Room, LineEnds::Windows)),
            ),
            (
                format!("\u{feff}{line}\r\n{line}\r\n"),
                Some((FileFormat::Room, LineEnds::Windows)),
            ),
            (
                format!("{line}\r{line}\r"),
                Some((FileFormat::Room, LineEnds::Cr)),
            ),
            (
                format!("{room}\r"),
                Some((FileFormat::Room, LineEnds::LineFeed)),
            ),
            (
                "[22:34] <bob> hi\r[22:35] <eve> oh\r".into(),
                Some((FileFormat::Day, LineEnds::Cr)),
            ),
            (
                "[22:34] <bob> hi\r\n[22:35] <eve> oh\r\n".into(),
                Some((FileFormat::Day, LineEnds::LineFeed)),
            ),
            (
                "\r[mira]: 0:00:05:tea?\r[jo]: 0:00:02:yes".into(),
                Some((FileFormat::Original, LineEnds::LineFeed)),
            ),
            ("Dear all,\rhello\r".into(), None),
        ] {
            assert_eq!(of(&head), wanted, "{head:?}");
        }
    }
}
