//! Lines parsed in place, for readers that want to build as little as possible.
//!
//! What always holds: [`raw`] refuses what [`parse_line`](super::parse_line) refuses, except for
//! invalid times, names, texts and keys. Those are judged on demand.

use std::str::from_utf8;

use super::body::{self, Shape};
use super::sum::sum;
use super::{Damage, STAMP, escape, fields};
use crate::event::{Stamp, hex, lower_hex};

/// A line whose checksum matches, split in place: names, texts and key are as they stand there, not
/// yet judged to be canonical, and the time is not yet judged to be valid.
#[derive(Clone, Copy, Debug)]
pub struct RawLine<'a> {
    /// The time field.
    pub time: &'a [u8; STAMP],
    /// The value of the checksum field.
    pub checksum: u32,
    /// The parsed body.
    pub shape: Shape<'a>,
    body: &'a [u8],
    fields: Option<&'a [u8]>,
    /// Tells that time, body, key and fields are ASCII without escapes.
    plain: bool,
}

/// Splits a line, given without its `\n`: the cheapest way to read one.
///
/// # Errors
/// The damage of the line.
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
    /// Tells whether every name, text, key and field is spelt as the room would have written it.
    pub fn is_canonical(&self) -> bool {
        let shape = if self.plain {
            self.shape.is_canonical_if_plain(self.body)
        } else {
            self.shape.is_canonical()
        };
        shape && self.has_good_fields()
    }

    /// Tells whether the line has no fields, or only fields as the room would have written them.
    pub fn has_good_fields(&self) -> bool {
        self.fields.is_none_or(fields::are_good)
    }

    /// The value of the line's first field of this name, if there is one.
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        fields::value(self.fields?, name)
    }

    /// The body of a genuine line as listeners and readers see it, without the padding of an erased event.
    pub fn shown(&self) -> &'a [u8] {
        self.shape.shown(self.body)
    }

    /// The line as [`Parts::plain`](super::Parts::plain) returns it; `None` if it is not genuine.
    pub fn plain(&self) -> Option<&'a [u8]> {
        Stamp::parse(self.time)?;
        self.is_canonical().then(|| self.shown())
    }

    /// Appends one of the line's names as the content of a JSON string, spelt as [`crate::json`] does;
    /// `None` if the name is not canonical.
    pub fn name_to_json(&self, name: &[u8], out: &mut Vec<u8>) -> Option<()> {
        match self.plain {
            true if body::is_plain_name(name) => escape::plain_to_json(name, out),
            true => return None,
            false => escape::to_json(from_utf8(name).ok()?, escape::Spelling::Name, out)?,
        }
        Some(())
    }

    /// Appends one of the line's texts in the same way.
    pub fn text_to_json(&self, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
        if self.plain {
            escape::plain_to_json(text, out)
        } else {
            escape::to_json(from_utf8(text).ok()?, escape::Spelling::Text, out)?
        }
        Some(())
    }
}

/// A line whose checksum matches.
#[derive(Clone, Copy)]
pub(super) struct Split<'a> {
    pub(super) time: &'a [u8; STAMP],
    pub(super) body: &'a [u8],
    pub(super) checksum: u32,
    pub(super) key: Option<&'a [u8]>,
    /// Everything after the key, not yet validated.
    pub(super) fields: Option<&'a [u8]>,
    /// As in [`RawLine`]: ASCII without escapes.
    plain: bool,
}

// Always inlined: returning the parts in registers saves a tenth of the cost of a line.
#[inline(always)]
pub(super) fn taken_apart(line: &[u8]) -> Result<Split<'_>, Damage> {
    // The first TAB counts, but the last is nearer, and a plain line has only one.
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

/// Splits a line whose body ends at this TAB.
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
