//! The beginning of any file: its kind is told without a panic, and what is told can be read.
#![no_main]

use chatroom::cli::FileFormat;
use chatroom::modes::replay::fuzzing::{convert, kind};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match kind(bytes) {
        None | Some(FileFormat::Room) => (),
        Some(kind) => convert(bytes, kind, 4096),
    }
});
