//! The line grammar of `log.txt`; no other module knows it.
//!
//! A line is `time SP body TAB checksum`. A message with an idempotency key adds ` SP key`, and each
//! field adds ` SP name:value` (with `-` in the key's place if there is none):
//!
//! ```text
//! 2026-11-23T22:34:57.180845Z [uthira]: 0:00:17:hi<TAB>9d02b1aa 4fd1c2e07a9b
//! 2026-11-23T22:41:08.250173Z Client (uthira) is offline<TAB>0a059197 - ended:5b1c93d2a0e4f718
//! ```
//!
//! The checksum is CRC-32C (Castagnoli, RFC 3720 section 12.1) in eight lower-case hex digits. It
//! covers the line without the checksum and the space after it: time, body, TAB, key, fields.
//!
//! What always holds: every event with its fields has exactly one line, and every line exactly one
//! event with its fields, so `parse_line(to_line(e)) == e` and back; the only control character in a
//! line is its one TAB.

mod body;
mod ends;
mod escape;
mod fields;
mod lines;
mod raw;
mod sum;

use std::fmt;
use std::str::from_utf8;

pub use body::Shape;
pub use ends::has_windows_ends;
use escape::escape_name;
pub use escape::{
    escape, escaped, escaped_name, escaped_size, is_unsafe, name_of, text_of, unescaped_name,
};
pub(crate) use escape::{plain_to_json, spelt_for_json};
pub use fields::{Fields, NO_KEY};
pub use lines::{Lines, lines};
pub use raw::{RawLine, raw};

use crate::event::{Body, Event, Key, Stamp, hex, lower_hex};

/// The longest line that is parsed, in bytes. The longest text with every character escaped stays below it.
pub const MAX_LINE: usize = 256 * 1024;

/// The length of the time at the start of a line, in bytes.
pub const STAMP: usize = 27;

/// The reason why a line is not one that the room wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// No TAB followed by a checksum of eight lower-case hex digits.
    NoChecksum,
    /// A checksum that does not match: something in the line was changed.
    WrongChecksum,
    /// A checksum that matches a line in none of the forms that this version knows.
    UnknownForm,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Damage::NoChecksum => "the line has no checksum",
            Damage::WrongChecksum => "the checksum does not match the line",
            Damage::UnknownForm => "the line has a form that this version does not know",
        })
    }
}

/// A line split into its parts: the checksum matches, the body is not parsed yet.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The time field.
    pub time: &'a [u8; STAMP],
    /// Everything between the time and the TAB, with its escapes.
    pub body: &'a str,
    /// The value of the checksum field.
    pub checksum: u32,
    /// The idempotency key, if the line has one.
    pub key: Option<&'a str>,
    fields: Option<&'a str>,
}

/// Appends the event's line with its `\n` to `out` and returns its checksum.
pub fn to_line(event: &Event, out: &mut Vec<u8>) -> u32 {
    to_line_with(event, &Fields::default(), out)
}

/// Like [`to_line`], with `fields` at the end.
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
            escape_name(from, out);
            out.extend_from_slice(b"]: ");
            elapsed.write(out);
            out.push(b':');
            escape(text, out);
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
            escape_name(version, out);
            out.extend_from_slice(b", ");
            escape_name(random, out);
            if let Some(log) = after {
                out.extend_from_slice(b", after ");
                out.extend_from_slice(&hex(log.0));
            }
            out.push(b')');
        }
        Body::Closed => out.extend_from_slice(b"* Room closed"),
        Body::Notice { text } => {
            out.extend_from_slice(b"* Notice: ");
            escape(text, out);
        }
        Body::Erased { padding } => {
            out.extend_from_slice(b"* Erased");
            out.resize(out.len() + padding, b' ');
        }
        Body::Other { text } => out.extend_from_slice(text.as_bytes()),
    }
    out.push(b'\t');
    let mut checksum = crc32c::crc32c(&out[start..]);
    // The checksum covers the key and fields after it, so its bytes are reserved first.
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
    escape_name(name, out);
    out.extend_from_slice(what.as_bytes());
}

/// Parses a line, given without its `\n`.
///
/// # Errors
/// The damage of the line, which must then be shown as damaged and never as genuine.
pub fn parse_line(line: &[u8]) -> Result<Event, Damage> {
    split(line)?.event()
}

/// Splits a line, given without its `\n`, and verifies its checksum; much cheaper than [`parse_line`]
/// for a reader that needs only the body.
///
/// # Errors
/// The damage of the line.
pub fn split(line: &[u8]) -> Result<Parts<'_>, Damage> {
    let found = raw::taken_apart(line)?;
    let text = |bytes| from_utf8(bytes).map_err(|_| Damage::UnknownForm);
    Ok(Parts {
        time: found.time,
        body: text(found.body)?,
        checksum: found.checksum,
        key: found.key.map(text).transpose()?,
        fields: found.fields.map(text).transpose()?,
    })
}

/// Judges a line, given without its `\n`, as [`parse_line`] does, at a fraction of the cost: nothing
/// is built. Returns the 27 bytes of the time, which the caller has to judge.
///
/// # Errors
/// The damage of the line.
pub fn check(line: &[u8]) -> Result<&[u8; STAMP], Damage> {
    let raw = raw(line)?;
    raw.is_canonical()
        .then_some(raw.time)
        .ok_or(Damage::UnknownForm)
}

/// The check part of an id: the upper half of the checksum computed from the line's bytes, so that a
/// damaged line has one too and no forged field can choose it.
pub fn check_of(line: &[u8]) -> u16 {
    let checksum = match split(line) {
        Ok(parts) => parts.checksum,
        Err(_) => crc32c::crc32c(line),
    };
    check_from(checksum)
}

/// The check part of the id of a line whose computed checksum is known.
pub(crate) const fn check_from(checksum: u32) -> u16 {
    (checksum >> 16) as u16
}

/// The checksum field of a line as it stands, matching or not.
pub fn checksum_field(line: &[u8]) -> Option<u32> {
    let tab = memchr::memchr(b'\t', line)?;
    lower_hex(line.get(tab + 1..tab + 9)?, 8)
}

/// Tells whether the end of a log, which has no `\n`, is a whole line followed by a `\n` with one
/// changed bit. A write that was cut short leaves nothing like it: no line begins with such a byte.
pub fn has_changed_end(tail: &[u8]) -> bool {
    tail.split_last()
        .is_some_and(|(end, line)| (end ^ b'\n').count_ones() == 1 && split(line).is_ok())
}

impl Parts<'_> {
    /// The time of the recording.
    ///
    /// # Errors
    /// [`Damage::UnknownForm`] if the field is not a time.
    pub fn at(&self) -> Result<Stamp, Damage> {
        Stamp::parse(self.time).ok_or(Damage::UnknownForm)
    }

    /// The line without time and checksum, as listeners and readers see it. The padding of an erased
    /// event is left out.
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
    /// [`Damage::UnknownForm`] if the line is in none of the known forms.
    pub fn event(&self) -> Result<Event, Damage> {
        let at = self.at()?;
        let body = self.shape()?.body().ok_or(Damage::UnknownForm)?;
        self.fields()?;
        Ok(Event { at, body })
    }

    /// The fields after the key.
    ///
    /// # Errors
    /// [`Damage::UnknownForm`] if anything else follows the key.
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
mod tests;
