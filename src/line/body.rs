//! The forms of a body, parsed without allocating: names and texts stay escaped, and stay bytes, since
//! most of them are never needed as text.

use std::str::from_utf8;

use super::Damage;
use super::escape::{Spelling, is_canonical, is_canonical_anywhere, unescape};
use crate::event::{Body, Elapsed, Key, LogId, lower_hex};

/// A parsed body; [`Body`] tells the meaning of each form. Names, texts and keys are as they stand in
/// the line, escaped and not yet validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape<'a> {
    /// A message.
    Message {
        /// The sender's name.
        from: &'a [u8],
        /// Time since the sender's previous message.
        elapsed: Elapsed,
        /// The text.
        text: &'a [u8],
        /// The idempotency key.
        key: Option<&'a [u8]>,
    },
    /// A join of the member with this name.
    Join(&'a [u8]),
    /// A leave of the member with this name.
    Leave(&'a [u8]),
    /// The server started.
    Opened {
        /// The program and its version.
        version: &'a [u8],
        /// The random number that makes the first line of this log unique.
        random: &'a [u8],
        /// The log that this one continues.
        after: Option<LogId>,
    },
    /// The server stopped in an orderly way.
    Closed,
    /// A message of the room itself.
    Notice(&'a [u8]),
    /// An event that was removed, with the number of spaces that fill its bytes.
    Erased(usize),
    /// A form that this version does not know: the whole body, including its `* `.
    Other(&'a [u8]),
}

impl<'a> Shape<'a> {
    /// Parses a body; only a message may have a key.
    #[inline(always)]
    pub(super) fn of(body: &'a [u8], key: Option<&'a [u8]>) -> Result<Shape<'a>, Damage> {
        match body.first() {
            Some(b'[') => message(body, key),
            _ if key.is_some() => None,
            Some(b'C') => coming_or_going(body),
            Some(b'*') => about_the_room(body).or_else(|| other(body)),
            _ => None,
        }
        .ok_or(Damage::UnknownForm)
    }

    /// Tells whether every name, text and key is spelt as the room would have written it.
    pub(super) fn is_canonical(&self) -> bool {
        let good = |bytes: &[u8], spelling| {
            from_utf8(bytes).is_ok_and(|text| is_canonical(text, spelling))
        };
        match self {
            Shape::Other(body) => from_utf8(body).is_ok_and(is_canonical_anywhere),
            _ => self.holds(
                |name| good(name, Spelling::Name),
                |text| good(text, Spelling::Text),
            ),
        }
    }

    /// Like [`Shape::is_canonical`], for a `body` in plain ASCII without any backslash, in which only
    /// a bracket in a name can be wrong.
    pub(super) fn is_canonical_if_plain(&self, body: &[u8]) -> bool {
        if let Shape::Message { from, key, .. } = self
            && let Some(name) = body.get(1..)
            && first_of(name, [b']', b')', b'\\']) == Some(from.len())
        {
            return key.is_none_or(Key::is_valid);
        }
        self.holds(is_plain_name, |_| true)
    }

    /// The part of the body that listeners and readers see: all but the padding of an erased event.
    pub(super) fn shown<'b>(&self, body: &'b [u8]) -> &'b [u8] {
        match self {
            Shape::Erased(padding) => &body[..body.len() - padding],
            _ => body,
        }
    }

    fn holds(&self, name: impl Fn(&[u8]) -> bool, text: impl Fn(&[u8]) -> bool) -> bool {
        match *self {
            Shape::Message {
                from,
                text: said,
                key,
                ..
            } => name(from) && text(said) && key.is_none_or(Key::is_valid),
            Shape::Join(who) | Shape::Leave(who) => name(who),
            Shape::Opened {
                version, random, ..
            } => name(version) && name(random),
            Shape::Notice(said) => text(said),
            Shape::Closed | Shape::Erased(_) | Shape::Other(_) => true,
        }
    }

    /// The body with its names, texts and key unescaped; `None` if one is not canonical.
    pub(super) fn body(self) -> Option<Body> {
        let unescape = |bytes, spelling| unescape(from_utf8(bytes).ok()?, spelling);
        Some(match self {
            Shape::Message {
                from,
                elapsed,
                text,
                key,
            } => Body::Message {
                from: unescape(from, Spelling::Name)?,
                elapsed,
                text: unescape(text, Spelling::Text)?,
                key: match key {
                    Some(key) => Some(Key::new(from_utf8(key).ok()?)?),
                    None => None,
                },
            },
            Shape::Join(name) => Body::Join {
                name: unescape(name, Spelling::Name)?,
            },
            Shape::Leave(name) => Body::Leave {
                name: unescape(name, Spelling::Name)?,
            },
            Shape::Opened {
                version,
                random,
                after,
            } => Body::Opened {
                version: unescape(version, Spelling::Name)?,
                random: unescape(random, Spelling::Name)?,
                after,
            },
            Shape::Closed => Body::Closed,
            Shape::Notice(text) => Body::Notice {
                text: unescape(text, Spelling::Text)?,
            },
            Shape::Erased(padding) => Body::Erased { padding },
            Shape::Other(body) => {
                let text = from_utf8(body).ok()?;
                is_canonical_anywhere(text).then(|| Body::Other { text: text.into() })?
            }
        })
    }
}

/// Tells whether a name in ASCII without any backslash is spelt as the room would have written it.
pub(super) fn is_plain_name(name: &[u8]) -> bool {
    let bracket = |any, b: &u8| any | matches!(b, b']' | b')');
    !name.iter().fold(false, bracket)
}

#[inline(always)]
fn message<'a>(body: &'a [u8], key: Option<&'a [u8]>) -> Option<Shape<'a>> {
    let (from, rest) = up_to(body.strip_prefix(b"[")?, b']')?;
    let (elapsed, rest) = Elapsed::read(rest.strip_prefix(b"]: ")?)?;
    Some(Shape::Message {
        from,
        elapsed,
        text: rest.strip_prefix(b":")?,
        key,
    })
}

fn coming_or_going(body: &[u8]) -> Option<Shape<'_>> {
    let (name, rest) = up_to(body.strip_prefix(b"Client (")?, b')')?;
    match rest {
        b") entered room" => Some(Shape::Join(name)),
        b") is offline" => Some(Shape::Leave(name)),
        _ => None,
    }
}

/// Recognises an event about the room, whose body begins with `* ` in every version.
fn other(body: &[u8]) -> Option<Shape<'_>> {
    (body.starts_with(b"* ") && body.len() > 2).then_some(Shape::Other(body))
}

fn about_the_room(body: &[u8]) -> Option<Shape<'_>> {
    let rest = body.strip_prefix(b"* ")?;
    if let Some(text) = rest.strip_prefix(b"Notice: ") {
        return Some(Shape::Notice(text));
    }
    if let Some(padding) = rest.strip_prefix(b"Erased") {
        let spaces = padding.iter().all(|b| *b == b' ');
        return spaces.then_some(Shape::Erased(padding.len()));
    }
    if rest == b"Room closed" {
        return Some(Shape::Closed);
    }
    let inside = rest.strip_prefix(b"Room opened (")?.strip_suffix(b")")?;
    let mut fields = from_utf8(inside).ok()?.split(", ");
    let (version, random) = (fields.next()?, fields.next()?);
    let after = match fields.next() {
        Some(field) => Some(LogId(lower_hex(
            field.strip_prefix("after ")?.as_bytes(),
            8,
        )?)),
        None => None,
    };
    let whole = fields.next().is_none() && up_to(inside, b')').is_none();
    whole.then_some(Shape::Opened {
        version: version.as_bytes(),
        random: random.as_bytes(),
        after,
    })
}

/// Splits before the first `end` that is not escaped.
#[inline(always)]
fn up_to(text: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    // Nearly always it is close, and nothing before it is escaped.
    match first_of(text, [end, b'\\', end]) {
        Some(at) if text[at] == end => Some(text.split_at(at)),
        _ => far_up_to(text, end),
    }
}

/// The position of the first of these bytes among the first sixteen, found without a branch.
#[inline(always)]
fn first_of(text: &[u8], bytes: [u8; 3]) -> Option<usize> {
    let step = text.first_chunk::<16>()?;
    let [a, b, c] = bytes;
    let marks = step.map(|byte| u8::from((byte == a) | (byte == b) | (byte == c)));
    let marks = u128::from_le_bytes(marks);
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

fn far_up_to(text: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let at = text.iter().position(|b| {
        let found = *b == end && !escaped;
        escaped = *b == b'\\' && !escaped;
        found
    })?;
    Some(text.split_at(at))
}
