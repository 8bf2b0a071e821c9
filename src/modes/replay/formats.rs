//! What kind of file it is, and what each of its records says.
//!
//! Two kinds are known: a room's own log and the original program's. What always holds: a record
//! that is not as it was written is never shown as genuine; it is [`Wrong`] and says where it is.

use std::fmt;
use std::io::{self, BufRead};

use super::original;
use super::records::{Record, Records};
use crate::event::{Event, Stamp};
use crate::line::{self, Damage};

/// How much of a file's beginning tells its kind, in bytes.
pub const HEAD: usize = 64 * 1024;

/// A kind of log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A room's `log.txt`.
    Room,
    /// The log of the original program, see [`super::original`].
    Original,
}

/// Why a record is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A line that is not as the room wrote it.
    Damaged(Damage),
    /// A line longer than any that a room writes.
    TooLong,
    /// Something in the original's log that is no record of it.
    NoRecord,
    /// The last line, cut off in the middle.
    Torn,
}

impl Wrong {
    /// The sentence that stands in the place of the record at `offset`.
    pub fn sentence(self, offset: u64) -> String {
        match self {
            Wrong::Torn => format!(
                "The log is torn at byte {offset}: its last line is not whole. What stood there is \
                 not shown."
            ),
            // The words of `sse::wire_of`: a listener and a replay say the same.
            _ => format!(
                "The log is damaged at byte {offset}: {self}. What stood there is not shown."
            ),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Damaged(damage) => damage.fmt(f),
            Wrong::TooLong => f.write_str("the line is longer than any that a room writes"),
            Wrong::NoRecord => f.write_str("the record does not start with [name]: H:MM:SS:"),
            Wrong::Torn => f.write_str("the last line is not whole"),
        }
    }
}

impl From<Damage> for Wrong {
    fn from(damage: Damage) -> Wrong {
        Wrong::Damaged(damage)
    }
}

impl Format {
    /// The kind of a file that begins with `head`; `None` if it is no chat log.
    pub fn of(head: &[u8]) -> Option<Format> {
        let first = head.iter().position(|b| !b"\r\n".contains(b))?;
        let record = head[first..].split(|b| b"\r\n".contains(b)).next()?;
        if original::parse(record).is_some() {
            return Some(Format::Original);
        }
        // The first line may be the damaged one, so any line may tell.
        let mut lines = head.split(|b| *b == b'\n');
        lines
            .any(|line| line::split(line).is_ok() || starts_with_a_time(line))
            .then_some(Format::Room)
    }

    /// The bytes that end a record.
    pub fn ends(self) -> &'static [u8] {
        match self {
            Format::Room => b"\n",
            // It has no line feeds; an editor may have put them where its `\r` were.
            Format::Original => b"\r\n",
        }
    }

    /// Whether the record is only the space between two others.
    pub fn is_nothing(self, record: &Record<'_>) -> bool {
        self == Format::Original && record.bytes.is_empty() && !record.too_long
    }

    /// Appends the record as a plain line: for a room's log what a listener is sent.
    ///
    /// # Errors
    /// Why it cannot be shown.
    pub fn plain(self, record: &Record<'_>, out: &mut Vec<u8>) -> Result<(), Wrong> {
        self.check(record, |bytes| match self {
            Format::Room => {
                let parts = line::split(bytes)?;
                out.extend_from_slice(parts.plain()?.as_bytes());
                out.push(b'\n');
                Ok(())
            }
            Format::Original => {
                let said = original::parse(bytes).ok_or(Wrong::NoRecord)?;
                out.push(b'[');
                line::escape(&said.name, true, out);
                out.extend_from_slice(b"]: ");
                out.extend_from_slice(said.elapsed_text.as_bytes());
                out.push(b':');
                line::escape(&said.text, false, out);
                out.push(b'\n');
                Ok(())
            }
        })
    }

    /// The event that the record stands for; `clock` serves a log without times.
    ///
    /// # Errors
    /// Why it cannot be shown.
    pub fn event(self, record: &Record<'_>, clock: &mut original::Clock) -> Result<Event, Wrong> {
        self.check(record, |bytes| match self {
            Format::Room => Ok(line::parse_line(bytes)?),
            Format::Original => original::parse(bytes)
                .map(|said| clock.event(said))
                .ok_or(Wrong::NoRecord),
        })
    }

    fn check<T>(
        self,
        record: &Record<'_>,
        read: impl FnOnce(&[u8]) -> Result<T, Wrong>,
    ) -> Result<T, Wrong> {
        let found = if record.too_long {
            Err(Wrong::TooLong)
        } else {
            read(record.bytes)
        };
        let torn = self == Format::Room && !record.ended;
        found.map_err(|wrong| if torn { Wrong::Torn } else { wrong })
    }
}

/// Whether a line begins as a room's lines do, or breaks off before that can be told.
fn starts_with_a_time(line: &[u8]) -> bool {
    const SHORTEST: usize = "2026-11-23T".len();
    let mut whole = *b"2000-01-01T00:00:00.000000Z *";
    let length = line.len().min(whole.len());
    whole[..length].copy_from_slice(&line[..length]);
    length >= SHORTEST
        && Stamp::parse(&whole[..27]).is_some()
        && whole[27] == b' '
        && b"[C*".contains(&whole[28])
}

/// One event of a log, or what is wrong in its place.
pub struct Scene {
    /// Where its record starts in the file.
    pub offset: u64,
    /// How far the file was read for it.
    pub end: u64,
    /// The event.
    pub what: Result<Event, Wrong>,
}

/// The events of a log in the order of the file, with the times at which they happened.
pub struct Scenes<R> {
    records: Records<R>,
    format: Format,
    clock: original::Clock,
}

impl<R: BufRead> Scenes<R> {
    /// The events that `records` hold.
    pub fn new(records: Records<R>, format: Format) -> Scenes<R> {
        Scenes {
            records,
            format,
            clock: original::Clock::default(),
        }
    }
}

impl<R: BufRead> Iterator for Scenes<R> {
    type Item = (Option<Stamp>, io::Result<Scene>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.records.read() {
                Ok(record) => record?,
                Err(error) => return Some((None, Err(error))),
            };
            if self.format.is_nothing(&record) {
                continue;
            }
            let offset = record.offset;
            let what = self.format.event(&record, &mut self.clock);
            let at = what.as_ref().ok().map(|event| event.at);
            let end = self.records.position();
            return Some((at, Ok(Scene { offset, end, what })));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Elapsed, Key, LogId};
    use crate::modes::replay::show::Look;
    use crate::sse::{self, Form};
    use proptest::prelude::*;

    fn room() -> Vec<u8> {
        let mut out = Vec::new();
        let mut add = |seconds: i64, body| {
            let at = Stamp::from_micros(1_795_473_297_180_845 + seconds * 1_000_000);
            line::to_line(&Event { at, body }, &mut out);
        };
        add(
            0,
            Body::Opened {
                version: "chatroom 0.1.0".into(),
                random: "6f1d0c5be2a94c07".into(),
                after: None,
            },
        );
        add(
            1,
            Body::Join {
                name: "a)b]".into(),
            },
        );
        for text in ["hi", "two\nlines \\ \u{1b}[31m \u{202e}", "trailing  "] {
            add(
                2,
                Body::Message {
                    from: "a)b]".into(),
                    elapsed: Elapsed(93_784),
                    text: text.into(),
                    key: Key::new("k1"),
                },
            );
        }
        add(3, Body::Erased { padding: 30 });
        add(
            4,
            Body::Notice {
                text: "disk is full".into(),
            },
        );
        add(
            5,
            Body::Leave {
                name: "a)b]".into(),
            },
        );
        add(6, Body::Closed);
        out
    }

    fn plain(bytes: &[u8]) -> String {
        let format = Format::of(bytes).expect("a known kind");
        let mut records = Records::new(bytes, 0, format.ends());
        let mut out = Vec::new();
        while let Some(record) = records.read().expect("memory can be read") {
            if format.is_nothing(&record) {
                continue;
            }
            if let Err(wrong) = format.plain(&record, &mut out) {
                out.extend_from_slice(format!("* {}\n", wrong.sentence(record.offset)).as_bytes());
            }
        }
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn plain_is_what_a_listener_is_sent() {
        let mut bytes = room();
        let wanted = |bytes: &[u8]| {
            let mut out = Vec::new();
            sse::encode_lines(Form::Plain, LogId(1), 0, bytes, &mut out);
            String::from_utf8(out).expect("UTF-8")
        };
        assert_eq!(plain(&bytes), wanted(&bytes));
        // Damage of every kind is named in the same words too.
        let at = bytes.windows(2).position(|w| w == b"hi").expect("the text");
        bytes[at] = b'H';
        bytes.extend_from_slice(b"no checksum here\n\n");
        assert_eq!(plain(&bytes), wanted(&bytes));
        assert!(plain(&bytes).contains("the checksum does not fit the line"));
    }

    #[test]
    fn a_last_line_without_its_end_is_shown_if_good_and_else_torn() {
        let mut bytes = room();
        bytes.pop();
        assert!(plain(&bytes).ends_with("* Room closed\n"));
        let start = bytes.iter().rposition(|b| *b == b'\n').expect("a line") + 1;
        bytes.truncate(bytes.len() - 3);
        let torn = format!("* The log is torn at byte {start}: ");
        assert!(
            plain(&bytes)
                .lines()
                .last()
                .is_some_and(|l| l.starts_with(&torn))
        );
        bytes.truncate(start);
        bytes.extend_from_slice(&[0; 4096]);
        assert!(
            plain(&bytes)
                .lines()
                .last()
                .is_some_and(|l| l.starts_with(&torn))
        );
    }

    #[test]
    fn the_kind_is_told_by_the_beginning() {
        assert_eq!(Format::of(&room()), Some(Format::Room));
        assert_eq!(
            Format::of(&room()[5..]),
            Some(Format::Room),
            "first line damaged"
        );
        assert_eq!(
            Format::of(b"2026-11-23T22:3"),
            Some(Format::Room),
            "torn at once"
        );
        assert_eq!(Format::of(b"\r[jo]: 0:00:01:hi"), Some(Format::Original));
        assert_eq!(Format::of(b"[jo]: 0:00:01:hi\r"), Some(Format::Original));
        for rubbish in [
            &b""[..],
            b"\n\n",
            b"hello\n",
            &[0; 100],
            b"\x7fELF\x02\x01\x01",
            b"2026-11-23",
            b"2026-11-23 22:34:57 INFO started",
            b"Client (x) entered room\n",
            b"2026-11-23T22:34:57.180845Z INFO started\n",
        ] {
            assert_eq!(Format::of(rubbish), None, "{rubbish:?}");
        }
    }

    #[test]
    fn the_originals_log_is_read_whole() {
        let bytes = "\r[mira]: 0:00:05:tea?\r[jo]: 0:00:02:[mira]: 0:00:01:not me\
                     \r[mira]: 1 day, 2:03:04:4:15 is fine\r[jo]: 0:00:00:café \u{1b}[2J 😀\
                     \rnot a record\r\r[jo]: 0:00:01:log off";
        let damage = bytes.find("not a record").expect("it");
        let wanted = format!(
            "[mira]: 0:00:05:tea?\n[jo]: 0:00:02:[mira]: 0:00:01:not me\n\
             [mira]: 1 day, 2:03:04:4:15 is fine\n[jo]: 0:00:00:café \\u{{1b}}[2J 😀\n\
             * The log is damaged at byte {damage}: the record does not start with [name]: H:MM:SS:. \
             What stood there is not shown.\n[jo]: 0:00:01:log off\n"
        );
        assert_eq!(plain(bytes.as_bytes()), wanted);
        let scenes = Scenes::new(
            Records::new(bytes.as_bytes(), 0, Format::Original.ends()),
            Format::Original,
        );
        let times: Vec<_> = scenes
            .map(|(at, _)| at.map(|at| at.micros() / 1_000_000))
            .collect();
        let day = 5 + 93_784;
        assert_eq!(
            times,
            [Some(5), Some(5), Some(day), Some(day), None, Some(day + 1)]
        );
    }

    proptest! {
        #[test]
        fn plain_is_what_a_listener_is_sent_whatever_was_said(name: String, text: String) {
            let at = Stamp::from_micros(0);
            let (elapsed, from) = (Elapsed(1), name);
            let body = Body::Message { from, elapsed, text, key: None };
            let (mut bytes, mut wanted) = (Vec::new(), Vec::new());
            line::to_line(&Event { at, body }, &mut bytes);
            sse::encode_lines(Form::Plain, LogId(1), 0, &bytes, &mut wanted);
            prop_assert_eq!(plain(&bytes).into_bytes(), wanted);
        }

        #[test]
        fn whatever_an_old_log_holds_is_shown_without_control_characters(
            name in proptest::collection::vec(any::<u8>(), 0..20),
            text in proptest::collection::vec(any::<u8>(), 0..50),
        ) {
            let bytes = [&b"\r[jo]: 0:00:01:hi\r["[..], &name, b"]: 0:00:02:", &text].concat();
            let shown = plain(&bytes);
            prop_assert!(!shown.replace('\n', "").contains(char::is_control), "{:?}", shown);
            let mut clock = original::Clock::default();
            let mut records = Records::new(&bytes[..], 0, Format::Original.ends());
            while let Ok(Some(record)) = records.read() {
                if let Ok(event) = Format::Original.event(&record, &mut clock) {
                    let mut out = Vec::new();
                    Look { colour: false }.event(&event, &mut out);
                    let drawn = String::from_utf8_lossy(&out).replace('\n', "");
                    prop_assert!(!drawn.contains(char::is_control), "{:?}", drawn);
                }
            }
        }
    }
}
