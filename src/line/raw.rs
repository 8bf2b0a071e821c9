//! A line taken apart where it stands: for readers that want to make as little of it as they can.
//!
//! What always holds: [`raw`] refuses what [`parse_line`](super::parse_line) refuses, but for what
//! a time, a name, a text or a key must be to be genuine. Those are asked when they are wanted.

use std::str::from_utf8;

use super::body::{self, Shape};
use super::sum::sum;
use super::{Damage, STAMP, escape, fields};
use crate::event::{Stamp, hex, lower_hex};

/// A line whose checksum fits, taken apart, and nothing made of it: names, texts and key are as
/// they stand there. Whether they are as the room would have written them, and whether the time is
/// one, is still to be asked.
#[derive(Clone, Copy, Debug)]
pub struct RawLine<'a> {
    /// The time field.
    pub time: &'a [u8; STAMP],
    /// The checksum.
    pub checksum: u32,
    /// What it says.
    pub shape: Shape<'a>,
    body: &'a [u8],
    fields: Option<&'a [u8]>,
    /// Time, body, key and fields are ASCII, and nothing in them is escaped.
    plain: bool,
}

/// Takes one line, given without its `\n`, apart: the cheapest way to read one.
///
/// # Errors
/// What is wrong with the line.
#[inline(always)]
pub fn raw(line: &[u8]) -> Result<RawLine<'_>, Damage> {
    let fields = taken_apart(line)?;
    Ok(RawLine {
        time: fields.time,
        checksum: fields.checksum,
        shape: Shape::of(fields.body, fields.key)?,
        body: fields.body,
        fields: fields.fields,
        plain: fields.plain,
    })
}

impl<'a> RawLine<'a> {
    /// Whether every name, text, key and field is as the room would have written it.
    pub fn is_canonical(&self) -> bool {
        let shape = match self.plain {
            true => self.shape.is_canonical_if_plain(self.body),
            false => self.shape.is_canonical(),
        };
        shape && self.has_good_fields()
    }

    /// Whether the line has no fields, or they are as the room would have written them.
    pub fn has_good_fields(&self) -> bool {
        self.fields.is_none_or(fields::are_good)
    }

    /// The value of the line's first field of this name, if there is one.
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        fields::value(self.fields?, name)
    }

    /// The body as listeners and readers are shown it, if the line is genuine: of an erased
    /// event's the padding is left out.
    pub fn shown(&self) -> &'a [u8] {
        self.shape.shown(self.body)
    }

    /// The line as [`Parts::plain`](super::Parts::plain) has it.
    pub fn plain(&self) -> Option<&'a [u8]> {
        Stamp::parse(self.time)?;
        self.is_canonical().then(|| self.shown())
    }

    /// Appends one of the line's names as it stands inside the quotes of a JSON string, spelt as
    /// [`crate::json`] does; `None` if it is not as the room would have written it.
    pub fn name_to_json(&self, name: &[u8], out: &mut Vec<u8>) -> Option<()> {
        match self.plain {
            true if body::is_plain_name(name) => escape::plain_to_json(name, out),
            true => return None,
            false => escape::to_json(from_utf8(name).ok()?, true, out)?,
        }
        Some(())
    }

    /// The same for a text.
    pub fn text_to_json(&self, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
        match self.plain {
            true => escape::plain_to_json(text, out),
            false => escape::to_json(from_utf8(text).ok()?, false, out)?,
        }
        Some(())
    }
}

/// A line whose checksum fits.
#[derive(Clone, Copy)]
pub(super) struct Split<'a> {
    pub(super) time: &'a [u8; STAMP],
    pub(super) body: &'a [u8],
    pub(super) checksum: u32,
    pub(super) key: Option<&'a [u8]>,
    /// What stands after the key, not yet judged.
    pub(super) fields: Option<&'a [u8]>,
    /// See [`RawLine`].
    plain: bool,
}

// Always inlined: pieces that stay in registers make a tenth of the cost of a line.
#[inline(always)]
pub(super) fn taken_apart(line: &[u8]) -> Result<Split<'_>, Damage> {
    // The TAB that counts is the first, and the last is nearer: a plain line has but one.
    let last = memchr::memrchr(b'\t', line).ok_or(Damage::NoChecksum)?;
    match split_at(line, last) {
        Ok(fields) if fields.plain => Ok(fields),
        found => not_plain(line, last, found),
    }
}

#[inline(never)]
fn not_plain<'a>(
    line: &'a [u8],
    last: usize,
    found: Result<Split<'a>, Damage>,
) -> Result<Split<'a>, Damage> {
    match memchr::memchr(b'\t', line) {
        Some(first) if first < last => split_at(line, first),
        _ => found,
    }
}

/// The fields of a line whose body ends at this TAB.
#[inline(always)]
fn split_at(line: &[u8], tab: usize) -> Result<Split<'_>, Damage> {
    let (digits, rest) = line[tab + 1..]
        .split_first_chunk::<8>()
        .ok_or(Damage::NoChecksum)?;
    let rest = match rest {
        [] => None,
        [b' ', rest @ ..] => Some(rest),
        _ => return Err(Damage::NoChecksum),
    };
    let (checksum, plain) = sum(&line[..=tab], rest.unwrap_or_default());
    if *digits != hex(checksum) {
        return Err(match lower_hex(digits, 8) {
            Some(_) => Damage::WrongChecksum,
            None => Damage::NoChecksum,
        });
    }
    let (key, fields) = match rest {
        None => (None, None),
        Some(rest) => fields::after_key(rest),
    };
    match line[..tab].split_first_chunk::<STAMP>() {
        Some((time, [b' ', body @ ..])) => Ok(Split {
            time,
            body,
            checksum,
            key,
            fields,
            plain,
        }),
        _ => Err(Damage::UnknownForm),
    }
}
