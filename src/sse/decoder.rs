//! The decoder of an event stream from a socket (WHATWG HTML, section 9.2.6).
//!
//! What always holds: the same events come out however the bytes are split, and the memory kept
//! between two calls never exceeds the limits, whatever the other end sends.

use std::fmt;

use memchr::{memchr, memchr2};

/// The longest accepted line, in bytes. The longest text with every character escaped stays below it.
pub const MAX_LINE: usize = 256 * 1024;
/// The most data that one event may have over all its lines, in bytes.
pub const MAX_EVENT: usize = 512 * 1024;

/// One event of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SseEvent {
    /// The type; `message` if the stream gave none.
    pub kind: String,
    /// The data, lines joined by `\n`.
    pub data: String,
    /// The last id that the stream gave, with this event or an earlier one.
    pub id: String,
}

/// The error for a stream that exceeds a limit; it cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLong {
    /// One line is longer than [`MAX_LINE`].
    Line,
    /// One event's data is longer than [`MAX_EVENT`].
    Event,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TooLong::Line => "a line of the event stream is too long",
            TooLong::Event => "an event of the stream is too long",
        })
    }
}

impl std::error::Error for TooLong {}

/// The state of the decoder between two pieces of the stream.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// The beginning of a line that has not ended yet.
    line: Vec<u8>,
    /// The last byte was a CR: an LF right after it belongs to the same line end.
    after_cr: bool,
    /// The first line is complete, so a byte order mark is ordinary data from now on.
    begun: bool,
    kind: String,
    data: String,
    id: String,
    retry: Option<u64>,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Takes bytes off the front of `input` until an event is complete. `None` means that all of
    /// `input` was taken and more is needed.
    ///
    /// # Errors
    /// The stream exceeds a limit; reading on is useless.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<SseEvent>, TooLong> {
        while !input.is_empty() {
            if std::mem::take(&mut self.after_cr) && input[0] == b'\n' {
                *input = &input[1..];
                continue;
            }
            let end = memchr2(b'\r', b'\n', input);
            let part = &input[..end.unwrap_or(input.len())];
            if self.line.len() + part.len() > MAX_LINE {
                return Err(TooLong::Line);
            }
            let Some(end) = end else {
                self.line.extend_from_slice(part);
                *input = &[];
                break;
            };
            self.after_cr = input[end] == b'\r';
            *input = &input[end + 1..];
            let event = if self.line.is_empty() {
                self.line(part)?
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(part);
                let event = self.line(&line)?;
                // The buffer is reused, unless a long line made it big.
                self.line = line;
                self.line.clear();
                self.line.shrink_to(8 * 1024);
                event
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// The reconnection delay that the stream asked for, in milliseconds.
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<SseEvent>, TooLong> {
        let line = if std::mem::replace(&mut self.begun, true) {
            line
        } else {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
        };
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let colon = memchr(b':', line);
        let (field, value) = match colon {
            Some(0) => return Ok(None), // A comment.
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match field {
            b"event" => self.kind = value.into_owned(),
            b"data" => {
                if self.data.len() + value.len() >= MAX_EVENT {
                    return Err(TooLong::Event);
                }
                self.data.push_str(&value);
                self.data.push('\n');
            }
            b"id" if !value.contains('\0') => self.id = value.into_owned(),
            b"retry" if value.bytes().all(|b| b.is_ascii_digit()) => {
                self.retry = value.parse().ok().or(self.retry);
            }
            _ => {}
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<SseEvent> {
        let (kind, mut data) = (
            std::mem::take(&mut self.kind),
            std::mem::take(&mut self.data),
        );
        data.pop()?; // The last line's `\n`; without any there is no event.
        Some(SseEvent {
            kind: match kind.as_str() {
                "" => "message".to_string(),
                _ => kind,
            },
            data,
            id: self.id.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Vec<(String, String, String)> {
        let mut decoder = Decoder::new();
        let mut events = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(event) = decoder.next(&mut input).expect("within the limits") {
                events.push((event.kind, event.data, event.id));
            }
            assert!(input.is_empty());
        }
        events
    }

    fn event(kind: &str, data: &str, id: &str) -> (String, String, String) {
        (kind.into(), data.into(), id.into())
    }

    const STREAM: &[u8] = "\u{feff}event: hello\nid: 1\ndata: {}\n\n: comment\r\n\r\n\
        data: a\rdata:b\r\rdata\n\ndata: ż\u{1f600}\r\nid\r\n\r\nevent: lost\n\nid: 7\n\n\
        retry: 250\nretry: x\nnonsense: y\ndata:  two\n\n"
        .as_bytes();

    fn expected() -> Vec<(String, String, String)> {
        vec![
            event("hello", "{}", "1"),
            event("message", "a\nb", "1"),
            event("message", "", "1"),
            event("message", "ż\u{1f600}", ""),
            event("message", " two", "7"),
        ]
    }

    #[test]
    fn every_split_gives_the_same_events() {
        assert_eq!(read(&[STREAM]), expected());
        for first in 0..=STREAM.len() {
            for second in first..=STREAM.len() {
                let pieces = [&STREAM[..first], &STREAM[first..second], &STREAM[second..]];
                assert_eq!(read(&pieces), expected(), "split at {first} and {second}");
            }
        }
        let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
        assert_eq!(read(&bytes), expected());
    }

    #[test]
    fn an_event_is_there_as_soon_as_its_empty_line_is_begun() {
        assert_eq!(read(&[b"data: x\r\r"]), [event("message", "x", "")]);
        assert_eq!(
            read(&[b"data: x\r\n\r", b"\ndata: y\n\n"]),
            [event("message", "x", ""), event("message", "y", "")]
        );
    }

    #[test]
    fn an_unfinished_event_at_the_end_is_none() {
        assert_eq!(read(&[b"data: x\n"]), []);
        assert_eq!(
            read(&[b"id: a\0b\ndata: x\n\n"]),
            [event("message", "x", "")]
        );
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let mut decoder = Decoder::new();
        let piece = vec![b'x'; 1000];
        let mut taken = 0;
        let error = loop {
            match decoder.next(&mut &piece[..]) {
                Ok(_) => taken += piece.len(),
                Err(error) => break error,
            }
        };
        assert_eq!(error, TooLong::Line);
        assert!(taken <= MAX_LINE);
    }

    #[test]
    fn an_event_without_end_is_given_up() {
        let mut decoder = Decoder::new();
        let line = [b"data: ".as_slice(), &[b'x'; 1000], b"\n"].concat();
        let mut taken = 0;
        let error = loop {
            match decoder.next(&mut &line[..]) {
                Ok(_) => taken += 1001,
                Err(error) => break error,
            }
        };
        assert_eq!(error, TooLong::Event);
        assert!(taken <= MAX_EVENT);
    }

    proptest! {
        #[test]
        fn any_bytes_read_the_same_whole_and_in_pieces(
            bytes in proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd')], 0..200),
            size in 1usize..20,
        ) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(read(&[&bytes]), read(&pieces));
        }
    }
}
