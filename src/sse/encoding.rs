//! The encoding of a stream: its [`Form`], and whether each event is a chunk.
//!
//! Many HTTP clients pass on what they read only when a block is full or a chunk ends (Python's
//! `requests` and everything else on `urllib3`). For HTTP/1.1 every event, every heartbeat and the
//! greeting are therefore a chunk each (RFC 9112, section 7.1). The chunk's frame is encoded with the
//! event, so all listeners of one encoding share the same bytes.
//!
//! What always holds: the size lines of all chunks that a log can give are equally long, and no chunk
//! is empty but the last.

use super::Form;
use crate::event::{LogId, hex};
use crate::line::MAX_LINE;
use crate::wire::Wire;

/// The number of hex digits in a chunk's size.
const DIGITS: usize = 5;
/// The end of the size line, and of the chunk.
const BREAK: &[u8] = b"\r\n";

// A line's text at most doubles on its way into JSON, and the JSON around it is short.
const _: () = assert!(2 * MAX_LINE + 4096 < 1 << (4 * DIGITS));

/// A form, in chunks or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Encoding {
    /// The form.
    pub form: Form,
    /// Tells whether each event is a chunk.
    pub chunked: bool,
}

impl Encoding {
    /// The number of encodings.
    pub const COUNT: usize = 6;

    /// The encoding for a client of HTTP/1.`minor`: HTTP/1.0 has no chunks.
    pub fn to(form: Form, minor: u8) -> Encoding {
        let chunked = minor > 0;
        Encoding { form, chunked }
    }

    /// The index of the encoding, below [`Encoding::COUNT`].
    pub fn index(self) -> usize {
        self.form as usize * 2 + usize::from(self.chunked)
    }

    /// The heartbeat of a quiet stream; plain lines have none, since a person reads them.
    pub fn heartbeat(self) -> &'static [u8] {
        match (self.form, self.chunked) {
            (Form::Sse, false) => b":\n\n",
            (Form::Sse, true) => b"00003\r\n:\n\n\r\n",
            (Form::Ndjson, false) => b"\n",
            (Form::Ndjson, true) => b"00001\r\n\n\r\n",
            (Form::Plain, _) => b"",
        }
    }

    /// Invisible bytes that test whether the client is still there: the heartbeat, and for plain lines
    /// in chunks a leading zero of the next chunk's size. Unchunked plain lines have none.
    pub fn pulse(self) -> &'static [u8] {
        match (self.form, self.chunked) {
            (Form::Plain, true) => b"0",
            _ => self.heartbeat(),
        }
    }

    /// The end of a complete stream, which tells it from one that was cut off.
    pub fn end(self) -> &'static [u8] {
        if self.chunked { b"0\r\n\r\n" } else { b"" }
    }

    /// Appends the bytes for the log's line at `offset`, given without its `\n`.
    pub fn encode_line(self, log: LogId, offset: u64, text: &[u8], out: &mut Vec<u8>) {
        self.frame(out, |out| {
            super::encode_line(self.form, log, offset, text, out);
        });
    }

    /// Appends the bytes for an object.
    pub fn encode(self, wire: &Wire, out: &mut Vec<u8>) {
        self.frame(out, |out| super::encode(self.form, wire, out));
    }

    fn frame(self, out: &mut Vec<u8>, encode: impl FnOnce(&mut Vec<u8>)) {
        if !self.chunked {
            return encode(out);
        }
        let start = out.len();
        out.extend_from_slice(&[b'0'; DIGITS]);
        out.extend_from_slice(BREAK);
        let content = out.len();
        encode(out);
        match out.len() - content {
            // An empty chunk would end the stream.
            0 => out.truncate(start),
            size => {
                // No event has a gigabyte: lines are short, and so are the server's own sentences.
                let digits = hex(size as u32);
                out[start..start + DIGITS].copy_from_slice(&digits[digits.len() - DIGITS..]);
                out.extend_from_slice(BREAK);
            }
        }
    }
}

impl From<Form> for Encoding {
    /// The form without chunks.
    fn from(form: Form) -> Encoding {
        Encoding::to(form, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Event, MAX_TEXT, Stamp};
    use crate::http::{BodyDecoder, Framing};
    use crate::line;

    const FORMS: [Form; 3] = [Form::Sse, Form::Ndjson, Form::Plain];

    fn message(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let body = Body::message("uthira", text).elapsed(17);
        let at = Stamp::from_micros(0);
        line::to_line(&Event { at, body }, &mut bytes);
        bytes.pop();
        bytes
    }

    /// The contents of the chunks.
    fn chunks(mut bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut chunks = Vec::new();
        while !bytes.is_empty() {
            let (digits, rest) = bytes.split_at(DIGITS);
            let digits = std::str::from_utf8(digits).expect("digits");
            let size = usize::from_str_radix(digits, 16).expect("a size");
            let rest = rest.strip_prefix(BREAK).expect("the size's end");
            let (content, rest) = rest.split_at(size);
            chunks.push(content.to_vec());
            bytes = rest.strip_prefix(BREAK).expect("the chunk's end");
        }
        chunks
    }

    #[test]
    fn each_event_is_a_chunk_whose_content_is_that_of_the_form() {
        let long = "\u{1b}\u{85}\"".repeat(MAX_TEXT / 4);
        for form in FORMS {
            let chunked = Encoding::to(form, 1);
            let mut bytes = Vec::new();
            let mut wanted = Vec::new();
            for text in ["hi", "a\nb", &long, "\r\n0\r\n\r\n"] {
                let line = message(text);
                chunked.encode_line(LogId(1), 7, &line, &mut bytes);
                let mut one = Vec::new();
                Encoding::from(form).encode_line(LogId(1), 7, &line, &mut one);
                wanted.push(one);
            }
            // A damaged line is reported in a chunk, too.
            chunked.encode_line(LogId(1), 7, &vec![b'x'; MAX_LINE], &mut bytes);
            let got = chunks(&bytes);
            assert_eq!(got.len(), 5);
            assert_eq!(got[..4], wanted);
            assert!(!got[4].is_empty());
            // A reader other than ours finds the end.
            bytes.extend_from_slice(chunked.end());
            let mut framed = BodyDecoder::new(Framing::Chunked, u64::MAX).expect("no limit");
            let mut content = Vec::new();
            let read = framed.read(&mut &bytes[..], &mut content);
            assert!(read.is_ok() && framed.is_done());
            assert_eq!(content, got.concat());
        }
    }

    #[test]
    fn the_longest_line_there_can_be_fits_a_chunk() {
        let line = message(&"\"".repeat(MAX_LINE - 100));
        for form in FORMS {
            let mut bytes = Vec::new();
            Encoding::to(form, 1).encode_line(LogId(1), 7, &line, &mut bytes);
            let got = chunks(&bytes);
            assert!(got.len() == 1 && got[0].len() > line.len() - 100);
        }
    }

    #[test]
    fn what_shows_nothing_is_no_chunk() {
        let hello = Wire::Hello {
            id: None,
            now: Stamp::from_micros(0),
            heartbeat: 15,
        };
        let mut bytes = Vec::new();
        Encoding::to(Form::Plain, 1).encode(&hello, &mut bytes);
        assert_eq!(bytes, b"");
        for form in FORMS {
            let framed = Encoding::to(form, 1).heartbeat();
            let plain = Encoding::to(form, 0).heartbeat();
            assert_eq!(chunks(framed).concat(), plain);
        }
    }

    #[test]
    fn each_has_a_number_of_its_own() {
        let all = FORMS.map(|form| [0, 1].map(|minor| Encoding::to(form, minor).index()));
        let mut numbers = all.concat();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..Encoding::COUNT).collect::<Vec<_>>());
    }
}
