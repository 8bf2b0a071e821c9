//! One JSON object a line: what a listener of the room is sent as `application/x-ndjson`, so that
//! what reads a room's events reads this.
//!
//! What always holds: the bytes of a good line are those of the wire ([`sse`]), ids and all. Only on
//! a terminal what could steer it is spelt otherwise, which is the same to who reads JSON.

use std::io::{self, IsTerminal, Write};

use super::print::{Line, Printer};
use super::wrong::Wrong;
use crate::event::{Id, LogId};
use crate::line::{self, check_of};
use crate::sse::{self, Form};
use crate::wire::Wire;

/// Prints objects.
pub struct Json {
    log: LogId,
    to_terminal: bool,
}

impl Default for Json {
    fn default() -> Json {
        Json {
            log: LogId(0),
            to_terminal: io::stdout().is_terminal(),
        }
    }
}

impl Printer for Json {
    fn of(&mut self, log: LogId) {
        self.log = log;
    }

    fn line(&mut self, line: &Line<'_>, out: &mut Vec<u8>) {
        let (form, log, from) = (Form::Ndjson, self.log, out.len());
        sse::encode_look(form, log, line.offset, line.bytes, &line.look, out);
        if self.to_terminal {
            let object = out.split_off(from);
            safe(&object, out);
        }
    }

    fn wrong(&mut self, offset: u64, bytes: &[u8], wrong: Wrong, out: &mut Vec<u8>) {
        let id = Id {
            log: self.log,
            offset,
            check: check_of(bytes),
        };
        let message = wrong.sentence(offset);
        sse::encode(Form::Ndjson, &Wire::Damaged { id, message }, out);
    }
}

/// Appends JSON with every character beyond C0 that could steer a terminal as `\\u` and its number:
/// in JSON such can only stand within strings.
fn safe(json: &[u8], out: &mut Vec<u8>) {
    for c in String::from_utf8_lossy(json).chars() {
        match c {
            // Serialisers escape C0 in strings; between them it is white space.
            '\0'..'\x7f' => out.push(c as u8),
            c if line::is_unsafe(c) => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Writes JSON as it is safe on a terminal. What comes in one piece must be whole characters.
pub struct Safe<W>(pub W);

impl<W: Write> Write for Safe<W> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        let mut out = Vec::with_capacity(json.len());
        safe(json, &mut out);
        self.0.write_all(&out)?;
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_spelt_and_reads_the_same() {
        let text = "a\u{9b}31m\u{202e}\u{2028}\u{7f}\u{1b}\n\u{feff} é 😀 \\ \"";
        let json = serde_json::to_vec(&[text]).expect("JSON");
        let mut safe = Safe(Vec::new());
        serde_json::to_writer(&mut safe, &[text]).expect("JSON");
        let spelt = String::from_utf8(safe.0).expect("UTF-8");
        assert!(!spelt.chars().any(line::is_unsafe), "{spelt}");
        assert!(spelt.contains("\\u009b31m\\u202e") && spelt.contains("é 😀"));
        let read: Vec<String> = serde_json::from_str(&spelt).expect("JSON");
        assert_eq!(read, [text]);
        let mut out = Vec::new();
        super::safe(&json, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), spelt);
    }
}
