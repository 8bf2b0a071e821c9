//! The beginning of any file: detecting its kind does not panic, and a file of that kind can be read.
#![no_main]

use chatroom::cli::FileFormat;
use chatroom::modes::replay::fuzzing::{convert, kind};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match kind(bytes) {
        None | Some(FileFormat::Room) => (),
        Some(kind) => convert(bytes, kind, 4096),
    }
});
