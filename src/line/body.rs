//! The forms of a body, read without making anything: names and texts stay as they are escaped.

use super::Damage;
use super::escape::{is_canonical, unescape};
use crate::event::{Body, Elapsed, Key, LogId, lower_hex};

/// A body taken apart. Names, texts and keys are as they stand in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape<'a> {
    Message {
        from: &'a str,
        elapsed: Elapsed,
        text: &'a str,
        key: Option<&'a str>,
    },
    Join(&'a str),
    Leave(&'a str),
    Opened {
        version: &'a str,
        random: &'a str,
        after: Option<LogId>,
    },
    Closed,
    Notice(&'a str),
    Erased(usize),
}

impl<'a> Shape<'a> {
    /// What form a body has; only a message may have a key.
    pub(super) fn of(body: &'a str, key: Option<&'a str>) -> Result<Shape<'a>, Damage> {
        match body.as_bytes().first() {
            Some(b'[') => message(body, key),
            _ if key.is_some() => None,
            Some(b'C') => coming_or_going(body),
            Some(b'*') => about_the_room(body),
            _ => None,
        }
        .ok_or(Damage::UnknownForm)
    }

    /// Whether every name, text and key in it is as it would have been written.
    pub(super) fn is_canonical(&self) -> bool {
        match *self {
            Shape::Message {
                from, text, key, ..
            } => {
                is_canonical(from, true)
                    && is_canonical(text, false)
                    && key.is_none_or(Key::is_valid)
            }
            Shape::Join(name) | Shape::Leave(name) => is_canonical(name, true),
            Shape::Opened {
                version, random, ..
            } => is_canonical(version, true) && is_canonical(random, true),
            Shape::Notice(text) => is_canonical(text, false),
            Shape::Closed | Shape::Erased(_) => true,
        }
    }

    /// The body that it stands for.
    pub(super) fn body(self) -> Option<Body> {
        Some(match self {
            Shape::Message {
                from,
                elapsed,
                text,
                key,
            } => Body::Message {
                from: unescape(from, true)?,
                elapsed,
                text: unescape(text, false)?,
                key: match key {
                    Some(key) => Some(Key::new(key)?),
                    None => None,
                },
            },
            Shape::Join(name) => Body::Join {
                name: unescape(name, true)?,
            },
            Shape::Leave(name) => Body::Leave {
                name: unescape(name, true)?,
            },
            Shape::Opened {
                version,
                random,
                after,
            } => Body::Opened {
                version: unescape(version, true)?,
                random: unescape(random, true)?,
                after,
            },
            Shape::Closed => Body::Closed,
            Shape::Notice(text) => Body::Notice {
                text: unescape(text, false)?,
            },
            Shape::Erased(padding) => Body::Erased { padding },
        })
    }
}

fn message<'a>(body: &'a str, key: Option<&'a str>) -> Option<Shape<'a>> {
    let (from, rest) = up_to(body.strip_prefix('[')?, b']')?;
    let rest = rest.strip_prefix("]: ")?;
    // H:MM:SS: the third colon ends the elapsed time.
    let mut colons = rest.bytes().enumerate().filter(|(_, b)| *b == b':');
    let end = colons.nth(2)?.0;
    Some(Shape::Message {
        from,
        elapsed: Elapsed::parse(&rest.as_bytes()[..end])?,
        text: &rest[end + 1..],
        key,
    })
}

fn coming_or_going(body: &str) -> Option<Shape<'_>> {
    let (name, rest) = up_to(body.strip_prefix("Client (")?, b')')?;
    match rest {
        ") entered room" => Some(Shape::Join(name)),
        ") is offline" => Some(Shape::Leave(name)),
        _ => None,
    }
}

fn about_the_room(body: &str) -> Option<Shape<'_>> {
    let rest = body.strip_prefix("* ")?;
    if let Some(text) = rest.strip_prefix("Notice: ") {
        return Some(Shape::Notice(text));
    }
    if let Some(padding) = rest.strip_prefix("Erased") {
        let spaces = padding.bytes().all(|b| b == b' ');
        return spaces.then_some(Shape::Erased(padding.len()));
    }
    if rest == "Room closed" {
        return Some(Shape::Closed);
    }
    let inside = rest.strip_prefix("Room opened (")?.strip_suffix(')')?;
    let mut fields = inside.split(", ");
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
        version,
        random,
        after,
    })
}

/// Splits before the first `end` that is not escaped.
fn up_to(text: &str, end: u8) -> Option<(&str, &str)> {
    let mut escaped = false;
    let at = text.bytes().position(|b| {
        let found = b == end && !escaped;
        escaped = b == b'\\' && !escaped;
        found
    })?;
    Some(text.split_at(at))
}
