//! JSON in which every character that could control a terminal, reorder text or break a line is
//! written as a `\u` escape.
//!
//! Many readers split lines at more than `\n` (Python's `str.splitlines`, `httpx`); one raw U+2028
//! in a message would break each of them.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::line;

/// Writes `value` as compact JSON.
///
/// # Errors
/// The writer's, or the value cannot be written as JSON.
pub fn write(value: &impl Serialize, writer: impl io::Write) -> serde_json::Result<()> {
    let mut serializer = Serializer::with_formatter(writer, Spelt(CompactFormatter));
    value.serialize(&mut serializer)
}

/// The formatter: compact, with escapes.
struct Spelt(CompactFormatter);

impl Formatter for Spelt {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let spelt = line::spelt_for_json(fragment);
        self.0.write_string_fragment(writer, &spelt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::is_unsafe;

    #[test]
    fn whatever_is_no_plain_character_is_spelt_and_reads_the_same() {
        let all: String = ('\0'..=char::MAX).filter(|c| *c < '\u{2_0000}').collect();
        for text in [&all[..], "", "\u{85}", "é 😀 \\ \"", "a\u{2028}b\u{7f}"] {
            let mut json = Vec::new();
            write(&[text], &mut json).expect("JSON");
            let json = String::from_utf8(json).expect("UTF-8");
            assert!(!json.chars().any(is_unsafe));
            let read: Vec<String> = serde_json::from_str(&json).expect("JSON");
            assert_eq!(read, [text]);
        }
        let mut json = Vec::new();
        write(
            &"a\u{9b}31m\u{202e}\u{2028}\u{7f}\u{1b}\n\u{feff} é 😀",
            &mut json,
        )
        .expect("JSON");
        let wanted = r#""a\u009b31m\u202e\u2028\u007f\u001b\n\ufeff é 😀""#;
        assert_eq!(String::from_utf8_lossy(&json), wanted);
    }
}
