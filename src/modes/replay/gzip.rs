//! Compressed logs: gzip is unpacked, and other formats are recognised, so that a tool can be named.

use std::fmt;
use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// Bytes that are read at once.
const BLOCK: usize = 64 * 1024;
/// Bytes at a file's beginning that show its compression.
pub(super) const MAGIC: usize = 6;

/// The compression of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// gzip, which is unpacked here.
    Gzip,
    /// Another format, with the command that unpacks it to standard output.
    Other(&'static str),
}

impl Packing {
    /// The compression of a file that begins with `head`; `None` if there is none.
    pub(super) fn of(head: &[u8]) -> Option<Packing> {
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

/// A reader of the contents of one or more concatenated gzip files.
pub(super) struct Gunzip(MultiGzDecoder<BufReader<Box<dyn Read + Send>>>);

impl Gunzip {
    pub(super) fn new(read: Box<dyn Read + Send>) -> Gunzip {
        Gunzip(MultiGzDecoder::new(BufReader::with_capacity(BLOCK, read)))
    }
}

impl Read for Gunzip {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => broken(BrokenGzip::Cut),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => broken(BrokenGzip::Damaged),
            _ => error,
        })
    }
}

fn broken(why: BrokenGzip) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The error of an incomplete gzip file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokenGzip {
    /// Its end is missing.
    Cut,
    /// Its contents do not match their checksum.
    Damaged,
}

impl BrokenGzip {
    /// The sentence about the log called `name`.
    pub(super) fn sentence(self, name: &str) -> String {
        match self {
            BrokenGzip::Cut => format!(
                "{name} is a gzip file whose end is missing; the rest was read. Get a complete \
                 copy."
            ),
            BrokenGzip::Damaged => format!(
                "{name} is a damaged gzip file. Look for it in a backup; gzip -t checks a copy."
            ),
        }
    }
}

impl fmt::Display for BrokenGzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the gzip file is incomplete")
    }
}

impl std::error::Error for BrokenGzip {}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::{Cursor, Write};

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
            let read = Gunzip::new(Box::new(Cursor::new(bytes))).read_to_string(&mut out);
            let why = |error: io::Error| error.get_ref()?.downcast_ref::<BrokenGzip>().copied();
            (out, read.err().and_then(why))
        };
        assert_eq!(unpacked(two.clone()), ("one\ntwo\n".into(), None));
        let (out, why) = unpacked(two[..two.len() - 3].to_vec());
        assert_eq!((out.as_str(), why), ("one\ntwo\n", Some(BrokenGzip::Cut)));
        let mut damaged = two;
        let sum = damaged.len() - 6;
        damaged[sum] ^= 1;
        assert_eq!(unpacked(damaged).1, Some(BrokenGzip::Damaged));
        assert_eq!(Packing::of(b"\xfd7zXZ\x00"), Some(Packing::Other("xzcat")));
        assert_eq!(Packing::of(b"2026-11-23"), None);
    }
}
