//! Entry points for the fuzz targets in `fuzz/` to the parsers of other programs' logs.

use std::io::{self, Cursor, Read};

use super::formats::{Converter, HEAD, Origin, detect};
use super::verify::Checker;
use crate::cli::FileFormat;

/// Converts the bytes as a log of that kind, in portions of `portion` bytes.
///
/// # Panics
/// The result does not verify, or reading failed for another reason than a log without a line of that kind.
pub fn convert(bytes: &[u8], kind: FileFormat, portion: usize) {
    let input = io::BufReader::with_capacity(portion.max(1), Cursor::new(bytes.to_vec()));
    let mut made = Vec::new();
    let done = Converter::new(Box::new(input), kind, &Origin::default())
        .and_then(|mut converter| converter.read_to_end(&mut made));
    if let Err(error) = done {
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
        return;
    }
    let mut checker = Checker::default();
    let mut fault = |fault| panic!("{fault}");
    let used = checker.take(&made, &mut fault);
    checker.end(&made[used..], &mut fault);
}

/// Detects the kind of a log that begins with the bytes.
pub fn kind(bytes: &[u8]) -> Option<FileFormat> {
    detect(&bytes[..bytes.len().min(HEAD)])
}
