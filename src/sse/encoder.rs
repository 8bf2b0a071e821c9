//! The quick path from a line of the log to a listener's bytes, taken by nearly every line.
//!
//! No objects are built. The line is split in place, and its pieces are copied into the JSON that
//! [`Wire`](crate::wire::Wire) has for it, with names and texts converted from the log's escapes to
//! JSON's. What always holds: the bytes equal those made by way of the objects. Lines that are damaged
//! or of a rare form are left to the objects.

use super::Form;
use crate::event::{Id, Key, LogId, Stamp};
use crate::line::{self, RawLine, Shape};

/// The bytes around the ids of an event of one type.
struct Frame {
    /// The fields of the stream, up to the id.
    fields: &'static [u8],
    /// The beginning of the JSON object, up to the id.
    object: &'static [u8],
}

macro_rules! frame {
    ($kind:literal) => {
        Frame {
            fields: concat!("event: ", $kind, "\nid: ").as_bytes(),
            object: concat!("{\"type\":\"", $kind, "\",\"id\":\"").as_bytes(),
        }
    };
}

static MESSAGE: Frame = frame!("message");
static JOIN: Frame = frame!("join");
static LEAVE: Frame = frame!("leave");
static CLOSED: Frame = frame!("closed");
static NOTICE: Frame = frame!("notice");
static ERASED: Frame = frame!("erased");
static OTHER: Frame = frame!("other");

/// Appends the listener's bytes for the log's line at `offset`, given without its `\n`. `None` if the
/// line needs the other path; a part may have been appended then.
pub(super) fn encode(
    form: Form,
    log: LogId,
    offset: u64,
    text: &[u8],
    out: &mut Vec<u8>,
) -> Option<()> {
    encode_raw(form, log, offset, &line::raw(text).ok()?, out)
}

/// Like [`encode`], for a line that is already split.
#[inline(always)]
pub(super) fn encode_raw(
    form: Form,
    log: LogId,
    offset: u64,
    line: &RawLine<'_>,
    out: &mut Vec<u8>,
) -> Option<()> {
    if form == Form::Plain {
        out.extend_from_slice(line.plain()?);
        out.push(b'\n');
        return Some(());
    }
    // A valid time is copied as it stands.
    Stamp::parse(line.time)?;
    let frame = frame_of(&line.shape)?;
    let id = Id {
        log,
        offset,
        check: line::check_from(line.checksum),
    };
    begin(form, frame, &id, out);
    out.extend_from_slice(b"\",\"at\":\"");
    out.extend_from_slice(line.time);
    if !line.has_good_fields() {
        return None;
    }
    append_body(line, out)?;
    out.extend_from_slice(match form {
        Form::Sse => b"\"}\n\n",
        _ => b"\"}\n",
    });
    Some(())
}

/// The frame of a line; `None` for the log's first line, which is left to the objects.
#[inline(always)]
fn frame_of(shape: &Shape<'_>) -> Option<&'static Frame> {
    Some(match shape {
        Shape::Message { .. } => &MESSAGE,
        Shape::Join(_) => &JOIN,
        Shape::Leave(_) => &LEAVE,
        Shape::Closed => &CLOSED,
        Shape::Notice(_) => &NOTICE,
        Shape::Erased(_) => &ERASED,
        Shape::Other(_) => &OTHER,
        Shape::Opened { .. } => return None,
    })
}

/// Appends the frame with the id, up to the end of the id in the object.
#[inline(always)]
fn begin(form: Form, frame: &Frame, id: &Id, out: &mut Vec<u8>) {
    if form == Form::Sse {
        out.extend_from_slice(frame.fields);
        let from = out.len();
        id.write(out);
        let id = from..out.len();
        out.extend_from_slice(b"\ndata: ");
        out.extend_from_slice(frame.object);
        out.extend_from_within(id);
    } else {
        out.extend_from_slice(frame.object);
        id.write(out);
    }
}

/// Appends the members of the object that come after the time. The last one's closing quote is left out.
#[inline(always)]
fn append_body(line: &RawLine<'_>, out: &mut Vec<u8>) -> Option<()> {
    match line.shape {
        Shape::Message {
            from,
            elapsed,
            text,
            key,
        } => {
            out.extend_from_slice(b"\",\"from\":\"");
            line.name_to_json(from, out)?;
            out.extend_from_slice(b"\",\"elapsed\":");
            out.extend_from_slice(itoa::Buffer::new().format(elapsed.0).as_bytes());
            out.extend_from_slice(b",\"text\":\"");
            line.text_to_json(text, out)?;
            if let Some(key) = key {
                if !Key::is_valid(key) {
                    return None;
                }
                out.extend_from_slice(b"\",\"key\":\"");
                line::plain_to_json(key, out);
            }
        }
        Shape::Join(name) | Shape::Leave(name) => {
            out.extend_from_slice(b"\",\"name\":\"");
            line.name_to_json(name, out)?;
        }
        Shape::Notice(text) => {
            out.extend_from_slice(b"\",\"text\":\"");
            line.text_to_json(text, out)?;
        }
        Shape::Other(body) => {
            if !line.is_canonical() {
                return None;
            }
            out.extend_from_slice(b"\",\"text\":\"");
            line::plain_to_json(body, out);
        }
        Shape::Opened { .. } | Shape::Closed | Shape::Erased(_) => (),
    }
    Some(())
}

#[cfg(test)]
mod tests;
