//! The line grammar of `log.txt`, and nothing else knows it.
//!
//! A line is `time SP body TAB checksum`, for a message with an idempotency key ` SP key` more, and
//! for each field ` SP name:value` (with `-` in the key's place where there is none):
//!
//! ```text
//! 2026-11-23T22:34:57.180845Z [uthira]: 0:00:17:hi<TAB>9d02b1aa 4fd1c2e07a9b
//! 2026-11-23T22:41:08.250173Z Client (uthira) is offline<TAB>0a059197 - ended:5b1c93d2a0e4f718
//! ```
//!
//! The checksum is CRC-32C (Castagnoli, RFC 3720 section 12.1) in eight lower-case hex digits, over
//! the line without the checksum and the space after it: time, body, TAB, key, fields.
//!
//! What always holds: an event with its fields has exactly one line and a line exactly one event
//! with its fields, so `parse_line(to_line(e)) == e` and back; a line holds no control character but
//! its one TAB.

mod body;
mod ends;
mod escape;
mod fields;
mod lines;
mod look;
mod sum;

use std::fmt;
use std::str::from_utf8;

pub use body::Shape;
pub use ends::has_windows_ends;
pub use escape::{escape, escaped, escaped_size, is_unsafe, unescaped, unescaped_name};
pub(crate) use escape::{plain_to_json, spelt_for_json};
pub use fields::{Fields, NO_KEY};
pub use lines::{Lines, lines};
pub use look::{Look, look};

use crate::event::{Body, Event, Key, Stamp, hex, lower_hex};

/// The longest line that is ever looked at as one, in bytes. The longest text with every
/// character escaped stays below it.
pub const MAX_LINE: usize = 256 * 1024;

/// How many bytes the time takes at the start of a line.
pub const STAMP: usize = 27;

/// Why a line is not one that the room wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// No TAB with a checksum of eight lower-case hex digits behind it.
    NoChecksum,
    /// The checksum does not fit the line: something in it was changed.
    WrongChecksum,
    /// The checksum fits, but the line is none of the forms this version knows.
    UnknownForm,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Damage::NoChecksum => "the line has no checksum",
            Damage::WrongChecksum => "the checksum does not fit the line",
            Damage::UnknownForm => "the line has a form that this version does not know",
        })
    }
}

/// A line taken apart: the checksum fits, the body is not yet read.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The time field.
    pub time: &'a [u8; STAMP],
    /// Everything between time and TAB, escapes and all.
    pub body: &'a str,
    /// The checksum.
    pub checksum: u32,
    /// The idempotency key, if the line has one.
    pub key: Option<&'a str>,
    fields: Option<&'a str>,
}

/// Appends the event's line with its `\n` to `out` and returns its checksum.
pub fn to_line(event: &Event, out: &mut Vec<u8>) -> u32 {
    to_line_with(event, &Fields::default(), out)
}

/// The same with fields after it.
pub fn to_line_with(event: &Event, fields: &Fields, out: &mut Vec<u8>) -> u32 {
    let start = out.len();
    event.at.write(out);
    out.push(b' ');
    let mut key = None;
    match &event.body {
        Body::Message {
            from,
            elapsed,
            text,
            key: its_key,
        } => {
            out.push(b'[');
            escape(from, true, out);
            out.extend_from_slice(b"]: ");
            elapsed.write(out);
            out.push(b':');
            escape(text, false, out);
            key = its_key.as_ref();
        }
        Body::Join { name } => client(name, ") entered room", out),
        Body::Leave { name } => client(name, ") is offline", out),
        Body::Opened {
            version,
            random,
            after,
        } => {
            out.extend_from_slice(b"* Room opened (");
            escape(version, true, out);
            out.extend_from_slice(b", ");
            escape(random, true, out);
            if let Some(log) = after {
                out.extend_from_slice(b", after ");
                out.extend_from_slice(&hex(log.0));
            }
            out.push(b')');
        }
        Body::Closed => out.extend_from_slice(b"* Room closed"),
        Body::Notice { text } => {
            out.extend_from_slice(b"* Notice: ");
            escape(text, false, out);
        }
        Body::Erased { padding } => {
            out.extend_from_slice(b"* Erased");
            out.resize(out.len() + padding, b' ');
        }
        Body::Other { text } => out.extend_from_slice(text.as_bytes()),
    }
    out.push(b'\t');
    let mut checksum = crc32c::crc32c(&out[start..]);
    // What stands after the checksum is covered by it, so its place is kept first.
    let place = out.len();
    out.extend_from_slice(&[0; 8]);
    let fields = Some(fields.as_str()).filter(|fields| !fields.is_empty());
    let none = fields.map(|_| NO_KEY);
    for part in [key.map(Key::as_str).or(none), fields]
        .into_iter()
        .flatten()
    {
        out.push(b' ');
        out.extend_from_slice(part.as_bytes());
    }
    let rest = out.get(place + 9..).unwrap_or_default();
    checksum = crc32c::crc32c_append(checksum, rest);
    out[place..place + 8].copy_from_slice(&hex(checksum));
    out.push(b'\n');
    checksum
}

fn client(name: &str, what: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Client (");
    escape(name, true, out);
    out.extend_from_slice(what.as_bytes());
}

/// Reads one line, given without its `\n`.
///
/// # Errors
/// What is wrong with it; the line is then shown as damaged and never as genuine.
pub fn parse_line(line: &[u8]) -> Result<Event, Damage> {
    split(line)?.event()
}

/// Takes one line, given without its `\n`, apart and checks its checksum; much cheaper than
/// [`parse_line`] for a reader that wants only the body.
///
/// # Errors
/// What is wrong with the line.
pub fn split(line: &[u8]) -> Result<Parts<'_>, Damage> {
    let found = look::taken_apart(line)?;
    let text = |bytes| from_utf8(bytes).map_err(|_| Damage::UnknownForm);
    Ok(Parts {
        time: found.time,
        body: text(found.body)?,
        checksum: found.checksum,
        key: found.key.map(text).transpose()?,
        fields: found.fields.map(text).transpose()?,
    })
}

/// Judges one line, given without its `\n`, as [`parse_line`] does, at a fraction of the cost:
/// nothing is made of it, and its time is left to the caller, who is given its 27 bytes.
///
/// # Errors
/// What is wrong with the line.
pub fn check(line: &[u8]) -> Result<&[u8; STAMP], Damage> {
    let look = look(line)?;
    look.is_canonical()
        .then_some(look.time)
        .ok_or(Damage::UnknownForm)
}

/// The check that names a line in an id: the upper half of the checksum that its bytes have, so
/// that a damaged line has one too and no forged field can choose it.
pub fn check_of(line: &[u8]) -> u16 {
    let checksum = match split(line) {
        Ok(parts) => parts.checksum,
        Err(_) => crc32c::crc32c(line),
    };
    (checksum >> 16) as u16
}

/// The checksum field of a line as it stands, whether or not it fits.
pub fn checksum_field(line: &[u8]) -> Option<u32> {
    let tab = memchr::memchr(b'\t', line)?;
    lower_hex(line.get(tab + 1..tab + 9)?, 8)
}

/// Whether the end of a log, which has no `\n`, is a whole line behind which one bit of the `\n`
/// was changed. A write that was cut short leaves nothing like it: no line begins with such a byte.
pub fn has_changed_end(tail: &[u8]) -> bool {
    tail.split_last()
        .is_some_and(|(end, line)| (end ^ b'\n').count_ones() == 1 && split(line).is_ok())
}

impl Parts<'_> {
    /// When it was recorded.
    ///
    /// # Errors
    /// [`Damage::UnknownForm`] if the field is no time.
    pub fn at(&self) -> Result<Stamp, Damage> {
        Stamp::parse(self.time).ok_or(Damage::UnknownForm)
    }

    /// The line without time and checksum, as listeners and readers are shown it. Of an erased
    /// event's line the padding is left out.
    ///
    /// # Errors
    /// As [`Parts::event`].
    pub fn plain(&self) -> Result<&str, Damage> {
        self.at()?;
        let shape = self.shape()?;
        if !shape.is_canonical() {
            return Err(Damage::UnknownForm);
        }
        self.fields()?;
        from_utf8(shape.shown(self.body.as_bytes())).map_err(|_| Damage::UnknownForm)
    }

    /// The event that the line records.
    ///
    /// # Errors
    /// [`Damage::UnknownForm`] if it is in none of the forms.
    pub fn event(&self) -> Result<Event, Damage> {
        let at = self.at()?;
        let body = self.shape()?.body().ok_or(Damage::UnknownForm)?;
        self.fields()?;
        Ok(Event { at, body })
    }

    /// The fields that stand after the key.
    ///
    /// # Errors
    /// [`Damage::UnknownForm`] if something else stands there.
    pub fn fields(&self) -> Result<Fields, Damage> {
        self.fields
            .map_or(Some(Fields::default()), Fields::read)
            .ok_or(Damage::UnknownForm)
    }

    fn shape(&self) -> Result<Shape<'_>, Damage> {
        Shape::of(self.body.as_bytes(), self.key.map(str::as_bytes))
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Elapsed, Key};

    fn stamp() -> Stamp {
        Stamp::from_micros(1_795_473_297_180_845)
    }

    fn written(body: Body) -> String {
        let mut out = Vec::new();
        to_line(&Event { at: stamp(), body }, &mut out);
        assert_eq!(out.pop(), Some(b'\n'));
        String::from_utf8(out).expect("a line is UTF-8")
    }

    #[test]
    fn the_forms_are_the_documented_ones() {
        let body_of = |body| {
            let line = written(body);
            line[28..]
                .split('\t')
                .next()
                .unwrap_or_default()
                .to_string()
        };
        let name = || "uthira".to_string();
        assert_eq!(
            body_of(Body::Join { name: name() }),
            "Client (uthira) entered room"
        );
        assert_eq!(
            body_of(Body::Leave { name: name() }),
            "Client (uthira) is offline"
        );
        assert_eq!(body_of(Body::Closed), "* Room closed");
        assert_eq!(body_of(Body::Erased { padding: 2 }), "* Erased  ");
        assert_eq!(
            body_of(Body::Notice {
                text: "a\nb".into()
            }),
            "* Notice: a\\nb"
        );
        assert_eq!(
            body_of(Body::Opened {
                version: "chatroom 0.1.0".into(),
                random: "6f1d0c5be2a94c07".into(),
                after: None
            }),
            "* Room opened (chatroom 0.1.0, 6f1d0c5be2a94c07)"
        );
        assert_eq!(
            body_of(Body::Message {
                from: name(),
                elapsed: Elapsed(17),
                text: "hi".into(),
                key: None
            }),
            "[uthira]: 0:00:17:hi"
        );
    }

    #[test]
    fn the_checksum_is_crc32c_without_its_own_field() {
        // The check value of CRC-32C (RFC 3720 and every table of CRCs).
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        let line = written(Body::Message {
            from: "uthira".into(),
            elapsed: Elapsed(17),
            text: "hi".into(),
            key: Key::new("4fd1c2e07a9b"),
        });
        let covered = "2026-11-23T22:34:57.180845Z [uthira]: 0:00:17:hi\t4fd1c2e07a9b";
        let expected = format!("\t{:08x} 4fd1c2e07a9b", crc32c::crc32c(covered.as_bytes()));
        assert!(line.ends_with(&expected), "{line}");
    }

    #[test]
    fn what_looks_like_another_line_inside_a_text_stays_text() {
        let text = "]: 0:00:01:no\n[bob]: 0:00:01:not really bob\t00000000\r\u{1b}[31m\u{202e}";
        let line = written(Body::Message {
            from: "a]b)c".into(),
            elapsed: Elapsed(0),
            text: text.into(),
            key: None,
        });
        assert_eq!(line.matches('\t').count(), 1);
        assert!(!line.chars().any(|c| c != '\t' && is_unsafe(c)), "{line:?}");
        match parse_line(line.as_bytes()).map(|event| event.body) {
            Ok(Body::Message {
                from, text: read, ..
            }) => assert_eq!((from.as_str(), read.as_str()), ("a]b)c", text)),
            other => panic!("{other:?}"),
        }
    }

    fn with(covered: &str, rest: &str) -> String {
        let checksum = crc32c::crc32c(format!("{covered}\t{rest}").as_bytes());
        let rest = Some(rest).filter(|rest| !rest.is_empty());
        let rest = rest.map(|rest| format!(" {rest}")).unwrap_or_default();
        format!("{covered}\t{checksum:08x}{rest}")
    }

    #[test]
    fn fields_stand_after_the_key_and_are_covered_by_the_checksum() {
        let message = "2026-11-23T22:34:57.180845Z [bob]: 0:00:17:hi";
        let leave = "2026-11-23T22:34:57.180845Z Client (bob) is offline";
        for (covered, rest, key, value) in [
            (message, "", None, None),
            (message, "k1", Some("k1"), None),
            (message, "-", Some("-"), None),
            (message, "- re:7", None, Some("7")),
            (message, "k1 re:7", Some("k1"), Some("7")),
            (message, "k1 x:y re:7 re:8", Some("k1"), Some("7")),
            (leave, "- re:7:8", None, Some("7:8")),
            (
                "2026-11-23T22:34:57.180845Z * Room closed",
                "- re:7",
                None,
                Some("7"),
            ),
            (
                "2026-11-23T22:34:57.180845Z * Room exploded",
                "- re:7",
                None,
                Some("7"),
            ),
        ] {
            let line = with(covered, rest);
            let event = parse_line(line.as_bytes()).expect(&line);
            let said = match &event.body {
                Body::Message { key, .. } => key.as_ref().map(Key::as_str),
                _ => None,
            };
            assert_eq!(said, key, "{line}");
            let look = look(line.as_bytes()).expect(&line);
            assert!(look.is_canonical(), "{line}");
            assert_eq!(look.field("re"), value.map(str::as_bytes), "{line}");
            assert_eq!(look.field("r"), None, "{line}");
            let fields = split(line.as_bytes())
                .and_then(|parts| parts.fields())
                .expect(&line);
            let mut again = Vec::new();
            to_line_with(&event, &fields, &mut again);
            assert_eq!(String::from_utf8_lossy(&again), format!("{line}\n"));
            let forged = line.replace("re:7", "re:9");
            assert!(
                forged == line || parse_line(forged.as_bytes()).is_err(),
                "{line}"
            );
        }
        for (covered, rest) in [
            (message, "- "),
            (message, "k1 "),
            (message, "k1 re"),
            (message, "k1 re:"),
            (message, "k1 :7"),
            (message, "k1 Re:7"),
            (message, "k1  re:7"),
            (message, "k1 re:7 "),
            (message, "k1 re:é"),
            (message, " re:7"),
            (leave, "re:7"),
            (leave, "k1 re:7"),
            (leave, "-"),
        ] {
            let line = with(covered, rest);
            assert_eq!(
                parse_line(line.as_bytes()),
                Err(Damage::UnknownForm),
                "{line}"
            );
            assert_eq!(check(line.as_bytes()), Err(Damage::UnknownForm), "{line}");
        }
    }

    #[test]
    fn what_a_newer_version_wrote_about_the_room_stands_as_it_is() {
        for body in [
            "* (uthira) muted (bob\\)) for 0:10:00",
            "* Room exploded",
            "* Room opened (a)",
            "* Room opened (a, b, c)",
            "* Erased by a newer version",
            "* Notice",
        ] {
            let line = with(&format!("2026-11-23T22:34:57.180845Z {body}"), "");
            let text = body.to_string();
            let event = parse_line(line.as_bytes()).map(|event| event.body);
            assert_eq!(event, Ok(Body::Other { text }), "{line}");
            let parts = split(line.as_bytes()).expect("whole");
            assert_eq!(parts.plain(), Ok(body));
        }
    }

    #[test]
    fn a_line_that_was_not_written_by_us_is_named_for_what_is_wrong() {
        let good = written(Body::Join { name: "bob".into() });
        assert_eq!(parse_line(b"hello"), Err(Damage::NoChecksum));
        assert_eq!(
            parse_line(good.to_uppercase().as_bytes()),
            Err(Damage::NoChecksum)
        );
        assert_eq!(
            parse_line(good.replace("bob", "eve").as_bytes()),
            Err(Damage::WrongChecksum)
        );
        let strange = |covered: &str| {
            format!(
                "{covered}\t{:08x}",
                crc32c::crc32c(format!("{covered}\t").as_bytes())
            )
        };
        for body in [
            "",
            "x",
            "* ",
            "*",
            "*x",
            "* (a) muted \\q",
            "* (a) muted \u{202e}",
            "* (a) muted \\u{41}",
            "[a]: said",
            "Client (a) is away",
            "[a: 0:00:00:x",
            "[a]: 0:00:61:x",
            "[a]: 0:00:00:\\q",
            "[a]: 0:00:00:\\u{41}",
            "[a]: 0:00:00:\\u{0d}",
            "Client (a)b) is offline",
        ] {
            let line = strange(&format!("2026-11-23T22:34:57.180845Z {body}"));
            assert_eq!(
                parse_line(line.as_bytes()),
                Err(Damage::UnknownForm),
                "{line}"
            );
        }
    }
}
