//! What the bytes of a log come out of: gzip, and the line ends of other systems.
//!
//! What always holds: it is read once, front to back, in constant memory, and what comes out has line
//! feeds alone at the ends of its lines.

use std::fmt;
use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use memchr::memchr;

use crate::cli::FileFormat;
use crate::line;
use crate::modes::replay::formats::Origin;
use crate::modes::replay::formats::detect;

/// How much is read at once, in bytes.
const BLOCK: usize = 64 * 1024;
/// So many bytes tell whether a file is compressed.
pub const MAGIC: usize = 6;
/// What an editor may put before the first line.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// By gzip, which is read.
    Gzip,
    /// By a program that this is not, and what unpacks it to standard output.
    Other(&'static str),
}

impl Packing {
    /// What a file begins with tells; nothing if it is not compressed.
    pub fn of(head: &[u8]) -> Option<Packing> {
        const KNOWN: [(&[u8], Packing); 5] = [
            (b"\x1f\x8b\x08", Packing::Gzip),
            (b"\xfd7zXZ\x00", Packing::Other("xzcat")),
            (b"\x28\xb5\x2f\xfd", Packing::Other("zstdcat")),
            (b"BZh", Packing::Other("bzcat")),
            (b"PK\x03\x04", Packing::Other("unzip -p")),
        ];
        let known = KNOWN.into_iter().find(|(magic, _)| head.starts_with(magic));
        known.map(|(_, packing)| packing)
    }
}

/// What is inside of a gzip file, or of several behind one another.
pub struct Unpacked(MultiGzDecoder<BufReader<Box<dyn Read + Send>>>);

impl Unpacked {
    /// Of what is in `read`.
    pub fn new(read: Box<dyn Read + Send>) -> Unpacked {
        Unpacked(MultiGzDecoder::new(BufReader::with_capacity(BLOCK, read)))
    }
}

impl Read for Unpacked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => broken(Broken::Cut),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => broken(Broken::Damaged),
            _ => error,
        })
    }
}

fn broken(why: Broken) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A gzip file is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Its end is missing.
    Cut,
    /// What it holds is not what was put in.
    Damaged,
}

impl Broken {
    /// The sentence for the log called `name`.
    pub fn sentence(self, name: &str) -> String {
        match self {
            Broken::Cut => format!(
                "{name} is a gzip file whose end is missing; what is there was read. Get a whole \
                 copy of it."
            ),
            Broken::Damaged => format!(
                "{name} is a gzip file that is damaged: what comes out is not what was put in. Look \
                 for it in a backup; gzip -t checks a copy."
            ),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the gzip file is not whole")
    }
}

impl std::error::Error for Broken {}

/// What stands at the ends of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ends {
    /// A line feed.
    #[default]
    LineFeed,
    /// CR LF, in a room's log, which has no CR of its own.
    Windows,
    /// CR alone, as old Macs had it.
    Cr,
}

impl Ends {
    /// What is said of a room's log that has them.
    pub fn note(self) -> Option<String> {
        let which = match self {
            Ends::LineFeed => return None,
            Ends::Windows => "CR LF, as Windows has it",
            Ends::Cr => "CR alone, as old Macs had it",
        };
        Some(format!(
            "has other line ends than a room writes ({which}): an editor, FTP or git changed them. \
             Nothing in it is lost, and it is read as it was; --convert NEW.txt makes that log again."
        ))
    }
}

/// What kind of log begins with `head`, and what its lines end with; nothing if it is of no kind that
/// is known.
pub fn sniff(
    head: &[u8],
    format: Option<FileFormat>,
    origin: &Origin,
) -> Option<(FileFormat, Ends)> {
    let windows = matches!(format, None | Some(FileFormat::Room)) && line::has_windows_ends(head);
    if windows {
        return Some((FileFormat::Room, Ends::Windows));
    }
    let found = format.or_else(|| detect(head, origin));
    if found == Some(FileFormat::Original) || !has_lone_cr(head) {
        return Some((found?, Ends::LineFeed));
    }
    let mut mended = head.to_vec();
    with_line_feeds(&mut mended);
    let found = format.or_else(|| detect(&mended, origin)).or(found)?;
    Some((found, Ends::Cr))
}

/// Whether there are lines that end with CR, and none that end otherwise. A CR at the very end may be
/// half of CR LF.
fn has_lone_cr(head: &[u8]) -> bool {
    let last = head.len().saturating_sub(1);
    memchr(b'\n', head).is_none() && memchr(b'\r', &head[..last]).is_some()
}

fn with_line_feeds(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte == b'\r') {
        *byte = b'\n';
    }
}

/// Gives line feeds for other line ends.
pub struct Mended<R> {
    read: R,
    ends: Ends,
    /// What was read last.
    raw: Vec<u8>,
    /// What is made of it, and how much of that was given.
    ready: Vec<u8>,
    given: usize,
    /// A CR was the last that came: what comes next says what it is.
    after_cr: bool,
    begun: bool,
}

impl<R: Read> Mended<R> {
    /// Of what is in `read`, whose lines end so.
    pub fn new(read: R, ends: Ends) -> Mended<R> {
        Mended {
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
        if self.ends == Ends::Cr {
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

impl<R: Read> Read for Mended<R> {
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
        let rest = &self.ready[self.given..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::{Cursor, Write};

    /// Gives its bytes in portions of so many.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(into.len()).min(self.0.len());
            let (now, rest) = self.0.split_at(count);
            into[..count].copy_from_slice(now);
            self.0 = rest;
            Ok(count)
        }
    }

    fn mended(bytes: &[u8], ends: Ends, portion: usize) -> String {
        let mut out = String::new();
        let mut read = Mended::new(Drops(bytes, portion), ends);
        read.read_to_string(&mut out).expect("read");
        out
    }

    #[test]
    fn other_line_ends_become_line_feeds_in_portions_of_any_size() {
        for portion in [3, 4, 5, 100] {
            let windows = b"\xef\xbb\xbfone\r\n\r\ntwo\rmore\r\r\nthree\nfour\r";
            assert_eq!(
                mended(windows, Ends::Windows, portion),
                "one\n\ntwo\rmore\r\nthree\nfour\r"
            );
            assert_eq!(mended(b"one\rtwo\r", Ends::Cr, portion), "one\ntwo\n");
            assert_eq!(mended(b"", Ends::Windows, portion), "");
        }
        assert_eq!(mended(b"a\r\nb\r\n", Ends::Windows, 1), "a\nb\n");
    }

    #[test]
    fn kinds_and_line_ends_are_told_together() {
        let of = |head: &str| sniff(head.as_bytes(), None, &Origin::default());
        let room = "2026-11-23T22:34:40.001201Z * Room opened (chatroom 0.1.0, 6f1d0c5be2a94c07)\t";
        let sum = |body: &str| {
            let mut out = Vec::new();
            let event = crate::event::Event {
                at: crate::event::Stamp::from_micros(1_795_473_280_001_201),
                body: crate::event::Body::Notice { text: body.into() },
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
                Some((FileFormat::Room, Ends::LineFeed)),
            ),
            (
                format!("{line}\r\n{line}\r\n"),
                Some((FileFormat::Room, Ends::Windows)),
            ),
            (
                format!("\u{feff}{line}\r\n{line}\r\n"),
                Some((FileFormat::Room, Ends::Windows)),
            ),
            (
                format!("{line}\r{line}\r"),
                Some((FileFormat::Room, Ends::Cr)),
            ),
            (
                format!("{room}\r"),
                Some((FileFormat::Room, Ends::LineFeed)),
            ),
            (
                "[22:34] <bob> hi\r[22:35] <eve> oh\r".into(),
                Some((FileFormat::Day, Ends::Cr)),
            ),
            (
                "[22:34] <bob> hi\r\n[22:35] <eve> oh\r\n".into(),
                Some((FileFormat::Day, Ends::LineFeed)),
            ),
            (
                "\r[mira]: 0:00:05:tea?\r[jo]: 0:00:02:yes".into(),
                Some((FileFormat::Original, Ends::LineFeed)),
            ),
            ("Dear all,\rhello\r".into(), None),
        ] {
            assert_eq!(of(&head), wanted, "{head:?}");
        }
    }

    #[test]
    fn gzip_is_read_and_what_is_broken_is_told() {
        let packed = |text: &str| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(text.as_bytes()).expect("packed");
            encoder.finish().expect("packed")
        };
        let two = [packed("one\n"), packed("two\n")].concat();
        assert_eq!(Packing::of(&two), Some(Packing::Gzip));
        let unpacked = |bytes: Vec<u8>| {
            let mut out = String::new();
            let read = Unpacked::new(Box::new(Cursor::new(bytes))).read_to_string(&mut out);
            let why = |error: io::Error| error.get_ref()?.downcast_ref::<Broken>().copied();
            (out, read.err().and_then(why))
        };
        assert_eq!(unpacked(two.clone()), ("one\ntwo\n".into(), None));
        let (out, why) = unpacked(two[..two.len() - 3].to_vec());
        assert_eq!((out.as_str(), why), ("one\ntwo\n", Some(Broken::Cut)));
        let mut damaged = two;
        let sum = damaged.len() - 6;
        damaged[sum] ^= 1;
        assert_eq!(unpacked(damaged).1, Some(Broken::Damaged));
        assert_eq!(Packing::of(b"\xfd7zXZ\x00"), Some(Packing::Other("xzcat")));
        assert_eq!(Packing::of(b"2026-11-23"), None);
    }
}
