//! Event streams: the bytes that a listener gets for a line of the log, and the reading of such a stream.
//!
//! A stream has one of three forms (see [`Form`]), in chunks or not (see [`Encoding`]). What always
//! holds: the bytes for a line depend only on the line and its place in the log, so a listener gets
//! the same bytes from memory or from the file, now or after a restart.

pub mod decoder;
mod encoder;
mod encoding;

use std::fmt::Write as _;

use crate::event::{Id, LogId, Recorded};
use crate::line::{self, RawLine};
use crate::wire::Wire;

pub use encoding::Encoding;

/// The form of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `text/event-stream` (WHATWG HTML, section 9.2, Server-sent events).
    Sse,
    /// `application/x-ndjson`: one JSON object per line.
    Ndjson,
    /// `text/plain`: lines as in the log, without time and checksum.
    Plain,
}

impl Form {
    /// Chooses the form by an `Accept` header; the two structured ones have to be named.
    pub fn accepted(accept: Option<&str>) -> Form {
        let named = |kind: &str| {
            accept.unwrap_or_default().split(',').any(|range| {
                let mut parts = range.split(';').map(str::trim);
                let same = parts
                    .next()
                    .is_some_and(|name| name.eq_ignore_ascii_case(kind));
                same && !parts.any(|p| matches!(p, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
            })
        };
        if named("text/event-stream") {
            Form::Sse
        } else if named("application/x-ndjson") {
            Form::Ndjson
        } else {
            Form::Plain
        }
    }

    /// The `Content-Type` of the form.
    pub fn content_type(self) -> &'static str {
        match self {
            Form::Sse => "text/event-stream",
            Form::Ndjson => "application/x-ndjson",
            Form::Plain => "text/plain; charset=utf-8",
        }
    }
}

/// The object for the log's line at `offset`, given without its `\n`.
pub fn wire_of(log: LogId, offset: u64, text: &[u8]) -> Wire {
    let (check, event) = match line::split(text) {
        Ok(parts) => (line::check_from(parts.checksum), parts.event()),
        Err(damage) => (line::check_of(text), Err(damage)),
    };
    let id = Id { log, offset, check };
    match event {
        Ok(event) => Wire::of(Recorded::new(id, event)),
        Err(damage) => Wire::Damaged {
            id,
            message: format!(
                "The log is damaged at byte {offset}: {damage}. This line is not shown."
            ),
        },
    }
}

/// Appends the listener's bytes for the log's line at `offset`, given without its `\n`.
pub fn encode_line(form: Form, log: LogId, offset: u64, text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    if encoder::encode(form, log, offset, text, out).is_none() {
        out.truncate(start);
        encode_any_line(form, log, offset, text, out);
    }
}

/// Appends what [`encode_line`] does, for a line that is already split.
pub fn encode_raw(
    form: Form,
    log: LogId,
    offset: u64,
    text: &[u8],
    raw: &RawLine<'_>,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    if encoder::encode_raw(form, log, offset, raw, out).is_none() {
        out.truncate(start);
        encode_any_line(form, log, offset, text, out);
    }
}

/// Appends what [`encode_line`] does, by way of the objects: the path for every line, damaged ones
/// included, and the reference for the quick path.
fn encode_any_line(form: Form, log: LogId, offset: u64, text: &[u8], out: &mut Vec<u8>) {
    if form == Form::Plain
        && let Ok(parts) = line::split(text)
        && let Ok(body) = parts.plain()
    {
        out.extend_from_slice(body.as_bytes());
        out.push(b'\n');
        return;
    }
    encode(form, &wire_of(log, offset, text), out);
}

/// Appends the listener's bytes for an object that is not a line of the log, or that replaces a line
/// that cannot be shown.
pub fn encode(form: Form, wire: &Wire, out: &mut Vec<u8>) {
    match form {
        Form::Sse => {
            let mut head = format!("event: {}\n", wire.kind());
            if let Some(id) = wire.id() {
                // Writing to a String cannot fail.
                let _ = writeln!(head, "id: {id}");
            }
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(b"data: ");
            json(wire, out);
            out.extend_from_slice(b"\n\n");
        }
        Form::Ndjson => {
            json(wire, out);
            out.push(b'\n');
        }
        Form::Plain => {
            let text = match wire {
                Wire::Damaged { message, .. }
                | Wire::Gap { message }
                | Wire::Reset { message, .. }
                | Wire::Bye { message } => message,
                _ => return,
            };
            out.extend_from_slice(b"* ");
            line::escape(text, out);
            out.push(b'\n');
        }
    }
}

fn json(wire: &Wire, out: &mut Vec<u8>) {
    // Writing strings, numbers and options to a Vec cannot fail.
    let _ = crate::json::write(wire, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Event, Key, Stamp};

    const LOG: LogId = LogId(0x5d2f_0a11);

    fn lines() -> Vec<u8> {
        let at = Stamp::from_micros(1_795_473_297_180_845);
        let mut out = Vec::new();
        for body in [
            Body::join("uthira"),
            Body::message("uthira", "a\nb  ")
                .elapsed(17)
                .keyed(Key::new("k1")),
            Body::Erased { padding: 9 },
        ] {
            line::to_line(&Event { at, body }, &mut out);
        }
        out
    }

    fn encoded(form: Form, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        for (offset, line) in line::lines(100, bytes) {
            encode_line(form, LOG, offset, line, &mut out);
        }
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn plain_lines_are_the_logs_without_time_and_checksum() {
        assert_eq!(
            encoded(Form::Plain, &lines()),
            "Client (uthira) entered room\n[uthira]: 0:00:17:a\\nb  \n* Erased\n"
        );
    }

    #[test]
    fn a_stream_event_has_its_type_its_id_and_one_line_of_data() {
        let stream = encoded(Form::Sse, &lines());
        let events: Vec<&str> = stream.split_terminator("\n\n").collect();
        assert_eq!(events.len(), 3);
        let fields: Vec<&str> = events[1].lines().collect();
        assert_eq!(fields[0], "event: message");
        let id = fields[1].strip_prefix("id: ").expect("an id");
        assert!(fields[2].starts_with(&format!(r#"data: {{"type":"message","id":"{id}","at":"#)));
        assert!(fields[2].contains(r#""text":"a\nb  ","key":"k1"}"#));
        assert_eq!(fields.len(), 3);
        let objects = encoded(Form::Ndjson, &lines());
        let data: String = events
            .iter()
            .filter_map(|e| e.split("data: ").nth(1))
            .map(|d| format!("{d}\n"))
            .collect();
        assert_eq!(objects, data);
    }

    #[test]
    fn a_damaged_line_is_never_shown_as_genuine() {
        let mut bytes = lines();
        let at = bytes
            .windows(2)
            .position(|w| w == b"a\\")
            .expect("the text");
        bytes[at] = b'X';
        for form in [Form::Sse, Form::Ndjson, Form::Plain] {
            let shown = encoded(form, &bytes);
            assert!(!shown.contains('X'), "{shown}");
            assert!(shown.contains("damaged at byte"), "{shown}");
        }
    }

    #[test]
    fn structured_forms_are_given_by_name_only() {
        assert_eq!(Form::accepted(None), Form::Plain);
        assert_eq!(Form::accepted(Some("*/*")), Form::Plain);
        assert_eq!(Form::accepted(Some("text/*")), Form::Plain);
        assert_eq!(
            Form::accepted(Some("text/html, Text/Event-Stream;q=0.9")),
            Form::Sse
        );
        assert_eq!(Form::accepted(Some("application/x-ndjson")), Form::Ndjson);
        assert_eq!(
            Form::accepted(Some("text/event-stream;q=0, application/x-ndjson")),
            Form::Ndjson
        );
    }
}
