//! Any bytes as a log of this kind: no panic, and what comes out is a log that verifies.
#![no_main]

use chatroom::cli::FileFormat;
use chatroom::modes::replay::fuzzing::convert;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (portion, bytes) = bytes.split_first().unwrap_or((&1, &[]));
    convert(bytes, FileFormat::Mirc, usize::from(*portion));
});
