//! The messages: the texts of the sample conversation, repeated, each with a number by which it is recognised in a
//! window.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::LazyLock;

use chatroom::event::{Body, Event, Key, Stamp};
use chatroom::line;

use crate::Res;

const SAMPLE: &[u8] = include_bytes!("../../log.txt");
/// 2026-11-16T18:30:00Z.
const BEGIN: i64 = 1_794_853_800_000_000;
const SECOND: i64 = 1_000_000;

/// Names and texts.
static SAID: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let lines = SAMPLE.split(|byte| *byte == b'\n');
    let events = lines.filter_map(|line| line::parse_line(line).ok());
    let said = events.filter_map(|event| match event.body {
        // An IRC message is one line, so it is for all.
        Body::Message { from, text, .. } => Some((from, text.replace('\n', " "))),
        _ => None,
    });
    said.collect()
});

/// The text of a number.
pub fn text(number: u64) -> String {
    let (_, text) = &SAID[number as usize % SAID.len()];
    format!("{text} ({number})")
}

/// The numbers of the texts copied from a window, line by line.
pub fn numbers(copied: &str) -> Vec<u64> {
    let number = |line: &str| -> Option<u64> {
        let (_, number) = line.trim_end().strip_suffix(')')?.rsplit_once('(')?;
        number.parse().ok()
    };
    copied.lines().filter_map(number).collect()
}

/// Writes the log of a room with the texts from 0 to `count`, nine seconds apart.
pub fn write_log(path: &Path, count: u64) -> Res<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut bytes = Vec::new();
    let opened = Body::opened("chatroom 0.1.0", "c2a1f07d93be5846");
    let mut put = |at: i64, body: Body| -> Res<()> {
        bytes.clear();
        let at = Stamp::from_micros(BEGIN + at);
        line::to_line(&Event { at, body }, &mut bytes);
        Ok(file.write_all(&bytes)?)
    };
    put(0, opened)?;
    for number in 0..count {
        let (from, _) = &SAID[number as usize % SAID.len()];
        let body = Body::message(from.clone(), text(number))
            .elapsed(9 + number % 50)
            .keyed(Key::new(&format!("{:012x}", number * 7919)));
        put((number as i64 + 1) * 9 * SECOND, body)?;
    }
    put((count as i64 + 1) * 9 * SECOND, Body::Closed)?;
    file.flush()?;
    Ok(())
}
