//! Lines of a log as tests write them.

use chatroom::event::{Body, Elapsed, Event, Stamp};
use chatroom::line::to_line;

/// The line of an event.
pub fn line_at(at: Stamp, body: Body) -> Vec<u8> {
    let mut line = Vec::new();
    to_line(&Event { at, body }, &mut line);
    line
}

/// A message, that many seconds after its sender came in.
pub fn message(from: &str, elapsed: u64, text: &str) -> Body {
    Body::Message {
        from: from.to_string(),
        elapsed: Elapsed(elapsed),
        text: text.to_string(),
        key: None,
    }
}

/// Messages from mira, each with its seconds after `start`.
pub fn from_mira<'a>(start: Stamp, messages: impl IntoIterator<Item = (i64, &'a str)>) -> Vec<u8> {
    let line = |(second, text)| {
        let at = Stamp::from_micros(start.micros() + second * 1_000_000);
        line_at(at, message("mira", 7, text))
    };
    messages.into_iter().flat_map(line).collect()
}
