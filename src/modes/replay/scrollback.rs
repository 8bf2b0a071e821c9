//! The earlier conversation, as the server shows it at its start.
//!
//! The cost depends on the number of events shown and not on the length of the log: their beginning is
//! searched for from the end, block by block.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::painter::Painter;
use super::print::plain_defect;
use super::progress::ProgressMeter;
use super::read::defects::{Defect, judge_or_torn};
use crate::event::LogId;
use crate::failure::Failure;
use crate::journal::Reader;
use crate::line;
use crate::modes::replay::read::blocks::Blocks;
use crate::modes::replay::read::log::{open, shown, unreadable};

/// The events that are shown at most of a whole conversation.
const MOST: usize = 10_000;

/// Prints the newest events of the room's log at `path`, of which the first `end` bytes count, and returns
/// their number.
///
/// With `newest` that many, else at most 10,000, with a last line about the rest. With `colour` they look
/// as in a replay on a terminal, else they are plain lines. A progress bar appears on stderr if it takes
/// long.
///
/// # Errors
/// The log cannot be read, or the output not written.
pub fn print_history(
    path: &Path,
    end: u64,
    newest: Option<usize>,
    out: &mut dyn Write,
    colour: bool,
) -> Result<u64, Failure> {
    let name = shown(path);
    let unreadable = |error: io::Error| unreadable(&name, &error);
    let file = Arc::new(open(path, &name)?);
    let reader = Reader::new(Arc::clone(&file), LogId(0));
    let start = reader
        .newest(newest.unwrap_or(MOST), end)
        .map_err(unreadable)?;
    let mut progress = ProgressMeter::after_a_moment(Some(end - start));
    let mut blocks = Blocks::of_file(file, start, end);
    let mut pending = Vec::new();
    let mut shown = 0;
    while let Some(block) = blocks.next().map_err(unreadable)? {
        let to = block.offset + block.bytes.len() as u64;
        for (offset, bytes) in line::lines(block.offset, block.bytes) {
            let ended = offset + (bytes.len() as u64) < to;
            let found = if block.too_long {
                Err(Defect::TooLong)
            } else {
                judge_or_torn(bytes, ended)
            };
            match found {
                Ok(_) if colour => {
                    let event = line::parse_line(bytes);
                    // infallible: the line was just parsed.
                    let _ = event.map(|event| Painter { colour }.event(&event, &mut pending));
                }
                Ok((_, raw)) => {
                    pending.extend_from_slice(raw.shown());
                    pending.push(b'\n');
                }
                Err(defect) if colour => {
                    Painter { colour }.defect(&defect.sentence(offset), &mut pending);
                }
                Err(defect) => plain_defect(defect, offset, &mut pending),
            }
            shown += 1;
        }
        progress.show(to - start, || "of the old conversation".to_string());
        write(&progress, out, &mut pending)?;
    }
    if newest.is_none() && start > 0 {
        pending.extend_from_slice(
            format!("* These are the newest {shown} events. To see all: chatroom replay {name}\n")
                .as_bytes(),
        );
    }
    write(&progress, out, &mut pending)?;
    Ok(shown)
}

fn write(
    progress: &ProgressMeter,
    out: &mut dyn Write,
    pending: &mut Vec<u8>,
) -> Result<(), Failure> {
    let written = progress.around(|| out.write_all(pending).and_then(|()| out.flush()));
    pending.clear();
    written.map_err(Failure::output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Event, LogId, Stamp};
    use crate::sse::{self, Form};

    fn log(messages: u64) -> (tempfile::NamedTempFile, Vec<u8>) {
        let mut bytes = Vec::new();
        for n in 0..messages {
            let body = Body::message(
                "mira",
                format!("number {n} {}", "x".repeat(n as usize % 200)),
            )
            .elapsed(n);
            let at = Stamp::from_micros(1_795_473_297_180_845 + n as i64);
            line::to_line(&Event { at, body }, &mut bytes);
        }
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(&bytes).expect("room on the disk");
        (file, bytes)
    }

    fn history(path: &Path, end: u64, newest: Option<usize>) -> (u64, String) {
        let mut out = Vec::new();
        let count = print_history(path, end, newest, &mut out, false).expect("a history");
        (count, String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn the_newest_events_are_found_from_the_end() {
        let (file, bytes) = log(3_000);
        assert!(bytes.len() > 3 * 64 * 1024);
        let mut all = Vec::new();
        for (offset, line) in line::lines(0, &bytes) {
            sse::encode_line(Form::Plain, LogId(1), offset, line, &mut all);
        }
        let all = String::from_utf8(all).expect("UTF-8");
        let lines: Vec<&str> = all.split_inclusive('\n').collect();
        for newest in [0, 1, 2, 999, 2_999, 3_000, 5_000] {
            let wanted = lines[lines.len().saturating_sub(newest)..].concat();
            let (count, got) = history(file.path(), bytes.len() as u64, Some(newest));
            assert_eq!(count as usize, newest.min(3_000));
            assert_eq!(got, wanted, "newest {newest}");
        }
        assert_eq!(history(file.path(), bytes.len() as u64, None), (3_000, all));
    }

    #[test]
    fn nothing_beyond_the_end_is_shown() {
        let (file, bytes) = log(10);
        let first = bytes.iter().position(|b| *b == b'\n').expect("a line") + 1;
        let (count, got) = history(file.path(), first as u64, None);
        assert_eq!((count, got.lines().count()), (1, 1));
        assert_eq!(history(file.path(), 0, Some(5)), (0, String::new()));
    }

    #[test]
    fn a_long_conversation_is_cut_and_says_how_to_see_the_rest() {
        let (file, bytes) = log(MOST as u64 + 1);
        let (count, got) = history(file.path(), bytes.len() as u64, None);
        assert_eq!(count as usize, MOST);
        assert!(
            got.starts_with("[mira]: 0:00:01:number 1 "),
            "the oldest is left out"
        );
        let last = got.lines().last().expect("a line");
        assert!(last.contains("chatroom replay "), "{last}");
    }

    #[test]
    fn damage_is_named_in_its_place() {
        let (file, mut bytes) = log(3);
        let at = bytes.windows(8).position(|w| w == b"number 1").expect("it");
        bytes[at] = b'N';
        std::fs::write(file.path(), &bytes).expect("room on the disk");
        let (count, got) = history(file.path(), bytes.len() as u64, None);
        assert_eq!(count, 3);
        assert!(got.contains("* The log is damaged at byte "), "{got}");
        assert!(!got.contains("Number 1"), "{got}");
        let mut out = Vec::new();
        print_history(file.path(), bytes.len() as u64, None, &mut out, true).expect("a history");
        let drawn = String::from_utf8_lossy(&out).into_owned();
        assert!(
            drawn.contains("\u{1b}[1;31m* The log is damaged"),
            "{drawn:?}"
        );
    }
}
