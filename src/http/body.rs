//! The decoder for the body of a request or an answer, fed with the bytes as they arrive (RFC
//! 9112, section 6).
//!
//! What always holds: nothing grows beyond its limit, a body that was cut off is never taken for a
//! whole one, and a body that two readers could see differently is an error.

/// The longest line that announces a chunk, extensions included, in bytes.
const MAX_SIZE_LINE: usize = 1024;
/// The most bytes of trailer fields after the last chunk.
const MAX_TRAILER: usize = 8 * 1024;
/// The most trailer fields.
const MAX_TRAILERS: usize = 16;

/// The rule that determines the end of a body (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// No body.
    None,
    /// A body of this many bytes.
    Length(u64),
    /// Chunks, ended by an empty one.
    Chunked,
    /// Everything until the connection closes; answers only.
    UntilClose,
}

/// The reason why a body cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// The body is longer than the limit.
    TooLong,
    /// The chunks are not well-formed.
    Malformed,
    /// The connection closed before the body was whole.
    CutOff,
}

/// Decodes a body as its bytes arrive.
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    expecting: Expecting,
    /// The number of further bytes of content that are accepted.
    room: u64,
}

/// The part of a body that comes next.
#[derive(Clone, Debug)]
enum Expecting {
    Counted(u64),
    UntilClose,
    ChunkSize(Vec<u8>),
    ChunkData(u64),
    ChunkEnd { cr: bool },
    Trailer(Vec<u8>),
    Done,
}

impl BodyDecoder {
    /// A decoder for a body that may have at most `limit` bytes.
    ///
    /// # Errors
    /// [`BodyError::TooLong`] if the announced length is over the limit.
    pub fn new(framing: Framing, limit: u64) -> Result<BodyDecoder, BodyError> {
        let expecting = match framing {
            Framing::None | Framing::Length(0) => Expecting::Done,
            Framing::Length(length) if length > limit => return Err(BodyError::TooLong),
            Framing::Length(length) => Expecting::Counted(length),
            Framing::Chunked => Expecting::ChunkSize(Vec::new()),
            Framing::UntilClose => Expecting::UntilClose,
        };
        Ok(BodyDecoder {
            expecting,
            room: limit,
        })
    }

    /// Takes bytes off the front of `input` and appends the content in them to `out`. When the
    /// body is whole, the rest of `input` is left alone: it belongs to the next message.
    ///
    /// # Errors
    /// The body is too long, or its chunks are not well-formed.
    pub fn read(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        while !input.is_empty() {
            match self.expecting {
                Expecting::Done => break,
                Expecting::UntilClose => {
                    self.take(u64::MAX, input, out)?;
                }
                Expecting::Counted(left) => {
                    self.expecting = match left - self.take(left, input, out)? {
                        0 => Expecting::Done,
                        left => Expecting::Counted(left),
                    };
                }
                Expecting::ChunkData(left) => {
                    self.expecting = match left - self.take(left, input, out)? {
                        0 => Expecting::ChunkEnd { cr: false },
                        left => Expecting::ChunkData(left),
                    };
                }
                _ => {
                    let byte = input[0];
                    *input = &input[1..];
                    self.between_chunks(byte)?;
                }
            }
        }
        Ok(())
    }

    /// Reports whether the body is whole.
    pub fn is_done(&self) -> bool {
        matches!(self.expecting, Expecting::Done)
    }

    /// Records that the connection has closed.
    ///
    /// # Errors
    /// [`BodyError::CutOff`] if the body is not whole.
    pub fn closed(&self) -> Result<(), BodyError> {
        match self.expecting {
            Expecting::Done | Expecting::UntilClose => Ok(()),
            _ => Err(BodyError::CutOff),
        }
    }

    /// Moves at most `left` bytes of content to `out` and returns their number.
    fn take(&mut self, left: u64, input: &mut &[u8], out: &mut Vec<u8>) -> Result<u64, BodyError> {
        let count = left.min(input.len() as u64);
        self.room = self.room.checked_sub(count).ok_or(BodyError::TooLong)?;
        let (now, later) = input.split_at(count as usize);
        out.extend_from_slice(now);
        *input = later;
        Ok(count)
    }

    fn between_chunks(&mut self, byte: u8) -> Result<(), BodyError> {
        match &mut self.expecting {
            Expecting::ChunkSize(line) => match byte {
                b'\n' => {
                    let text = line.strip_suffix(b"\r").ok_or(BodyError::Malformed)?;
                    self.expecting = match chunk_size(text).ok_or(BodyError::Malformed)? {
                        0 => Expecting::Trailer(Vec::new()),
                        size if size > self.room => return Err(BodyError::TooLong),
                        size => Expecting::ChunkData(size),
                    };
                }
                _ if line.len() == MAX_SIZE_LINE => return Err(BodyError::Malformed),
                _ => line.push(byte),
            },
            Expecting::ChunkEnd { cr } => match (byte, *cr) {
                (b'\r', false) => *cr = true,
                (b'\n', true) => self.expecting = Expecting::ChunkSize(Vec::new()),
                _ => return Err(BodyError::Malformed),
            },
            Expecting::Trailer(fields) => {
                fields.push(byte);
                let bare = byte == b'\n' && !fields.ends_with(b"\r\n");
                if bare || fields.len() > MAX_TRAILER {
                    return Err(BodyError::Malformed);
                }
                if byte != b'\n' {
                    return Ok(());
                }
                // Trailers are parsed only to reject malformed ones, then dropped.
                let mut space = [httparse::EMPTY_HEADER; MAX_TRAILERS];
                match httparse::parse_headers(fields, &mut space) {
                    Ok(httparse::Status::Complete(_)) => self.expecting = Expecting::Done,
                    Ok(httparse::Status::Partial) => {}
                    Err(_) => return Err(BodyError::Malformed),
                }
            }
            Expecting::Counted(_)
            | Expecting::UntilClose
            | Expecting::ChunkData(_)
            | Expecting::Done => {}
        }
        Ok(())
    }
}

/// The size in a line that announces a chunk: hex digits, then nothing or extensions.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let (digits, rest) = split(line, |b| b.is_ascii_hexdigit());
    if !(1..=16).contains(&digits.len()) || !are_extensions(rest) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Reports whether these are the extensions of a chunk (RFC 9112, section 7.1.1): `;name`,
/// `;name=token` or `;name="quoted"`, with blanks between, and nothing else. Bytes that one reader
/// skips may be a line's end to another. The extensions have no meaning here. Some servers fill the
/// line with blanks.
fn are_extensions(mut rest: &[u8]) -> bool {
    loop {
        rest = without_blanks(rest);
        let Some(extension) = rest.strip_prefix(b";") else {
            return rest.is_empty();
        };
        let (name, after) = split(without_blanks(extension), is_token);
        if name.is_empty() {
            return false;
        }
        rest = after;
        if let Some(value) = without_blanks(rest).strip_prefix(b"=") {
            let value = without_blanks(value);
            let after = match value.strip_prefix(b"\"") {
                Some(quoted) => after_quoted(quoted),
                None => Some(split(value, is_token))
                    .and_then(|(token, after)| (!token.is_empty()).then_some(after)),
            };
            let Some(after) = after else {
                return false;
            };
            rest = after;
        }
    }
}

/// The rest after the closing quote; `None` without one, or if a byte may not be in a quoted string.
fn after_quoted(mut text: &[u8]) -> Option<&[u8]> {
    let is_text = |b: u8| matches!(b, b'\t' | b' '..=b'~' | 0x80..);
    loop {
        let (first, rest) = text.split_first()?;
        text = match first {
            b'"' => return Some(rest),
            b'\\' => rest.split_first().filter(|(b, _)| is_text(**b))?.1,
            b if is_text(*b) => rest,
            _ => return None,
        };
    }
}

/// Splits off the longest beginning whose bytes all satisfy `such`.
fn split(bytes: &[u8], such: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|b| !such(*b));
    bytes.split_at(end.unwrap_or(bytes.len()))
}

fn without_blanks(bytes: &[u8]) -> &[u8] {
    split(bytes, |b| matches!(b, b' ' | b'\t')).1
}

/// Reports whether a token may contain this byte (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type BodyAndRest = (Vec<u8>, Vec<u8>);

    /// Decodes the body in `bytes`, which arrive in pieces of `step`, and returns it with the rest after it.
    fn read(framing: Framing, bytes: &[u8], step: usize) -> Result<Option<BodyAndRest>, BodyError> {
        let mut body = BodyDecoder::new(framing, 100)?;
        let (mut content, mut rest) = (Vec::new(), Vec::new());
        for mut piece in bytes.chunks(step) {
            body.read(&mut piece, &mut content)?;
            rest.extend_from_slice(piece);
        }
        Ok(body.is_done().then_some((content, rest)))
    }

    #[test]
    fn bodies_are_the_same_however_they_are_cut() {
        let chunked = b"5;x=y\r\nhello\r\nA\r\n 123456789\r\n0\r\nX: y\r\n\r\nGET";
        for step in 1..chunked.len() {
            let got = read(Framing::Chunked, chunked, step);
            assert_eq!(
                got,
                Ok(Some((b"hello 123456789".to_vec(), b"GET".to_vec()))),
                "{step}"
            );
            let got = read(Framing::Length(5), b"helloGET", step);
            assert_eq!(
                got,
                Ok(Some((b"hello".to_vec(), b"GET".to_vec()))),
                "{step}"
            );
        }
        assert_eq!(read(Framing::Length(5), b"hell", 1), Ok(None));
        assert_eq!(read(Framing::Chunked, b"0\r\n", 1), Ok(None));
        assert_eq!(
            read(Framing::Chunked, b"0\r\n\r\n", 1),
            Ok(Some((vec![], vec![])))
        );
    }

    #[test]
    fn what_is_too_long_or_no_chunk_is_an_error() {
        let error = |framing, bytes: &[u8]| read(framing, bytes, 7).err();
        assert_eq!(error(Framing::Length(101), b""), Some(BodyError::TooLong));
        assert_eq!(error(Framing::Chunked, b"65\r\n"), Some(BodyError::TooLong));
        assert_eq!(
            error(Framing::Chunked, b"ffffffffffffffff\r\n"),
            Some(BodyError::TooLong)
        );
        assert_eq!(
            error(Framing::Chunked, b"x\r\n"),
            Some(BodyError::Malformed)
        );
        assert_eq!(
            error(Framing::Chunked, b"-1\r\n"),
            Some(BodyError::Malformed)
        );
        assert_eq!(
            error(Framing::Chunked, b"1\r\nabc"),
            Some(BodyError::Malformed)
        );
        assert_eq!(
            error(Framing::Chunked, b"\r\n\r\n"),
            Some(BodyError::Malformed)
        );
        assert_eq!(
            error(Framing::Chunked, b";x\r\n\r\n"),
            Some(BodyError::Malformed)
        );
        assert_eq!(
            error(Framing::Chunked, b"1;a\nb\r\nx\r\n0\r\n\r\n"),
            Some(BodyError::Malformed)
        );
        for wrong in [
            &b"0\r\nX: y\n\r\n"[..],
            b"0\n\r\n",
            b"0\r\n bad: x\r\n\r\n",
            b"1\r\na\n0\r\n\r\n",
        ] {
            assert_eq!(error(Framing::Chunked, wrong), Some(BodyError::Malformed));
        }
        assert_eq!(
            error(Framing::Chunked, &[b'0'; 2000]),
            Some(BodyError::Malformed)
        );
        assert_eq!(
            error(
                Framing::Chunked,
                &[b"0\r\n".as_slice(), &[b'x'; 9000]].concat()
            ),
            Some(BodyError::Malformed)
        );
    }

    #[test]
    fn a_line_that_announces_a_chunk_has_nothing_that_ends_a_line_elsewhere() {
        for good in [
            "5",
            "5;a",
            "5 ; a = b ;c",
            "5;a=\"b;\\\"\t\u{e9}\";d",
            "005",
            "5  ",
            "5;a=b ",
        ] {
            assert_eq!(chunk_size(good.as_bytes()), Some(5), "{good:?}");
        }
        for bad in [
            "5\r",
            "5\x0c",
            "5\x0b",
            "5\0",
            "5;a\rb",
            "5;a\0b",
            "5;a=b\r",
            "5;a=\"b\rc\"",
            "5;a=\"b\\\r\"",
            "5;a=\"b",
            "5;a=\"b\"c",
            "5;a=",
            "5;",
            "5;;a",
            "5 a",
            "5,a",
            "5;a b",
            "5;\u{a0}a",
            "\u{a0}5",
            " 5",
        ] {
            assert_eq!(chunk_size(bad.as_bytes()), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_body_is_read_alike_however_it_is_cut(
            bytes in r#"([0-9a-f]{1,2}|[;="\\ a\r\n\t\x00\x0c]{0,3}|\r\n){0,12}"#,
            step in 1..8usize,
        ) {
            let whole = read(Framing::Chunked, bytes.as_bytes(), usize::MAX);
            prop_assert_eq!(read(Framing::Chunked, bytes.as_bytes(), step), whole);
        }

        #[test]
        fn what_announces_a_chunk_is_visible(line in "[0-9a-f]{1,3}[ -~\\PC\r\n\t\x00\x0b\x0c]{0,8}") {
            if chunk_size(line.as_bytes()).is_some() {
                prop_assert!(!line.contains(|c: char| c.is_ascii_control() && c != '\t'));
            }
        }
    }

    #[test]
    fn a_body_that_was_cut_off_is_never_taken_for_a_whole_one() {
        let bytes = b"4;x=y\r\nWiki\r\n6 \r\npedia \r\n0\r\nX: y\r\n\r\n";
        for end in 0..bytes.len() {
            let mut body = BodyDecoder::new(Framing::Chunked, 100).expect("no length yet");
            let read = body.read(&mut &bytes[..end], &mut Vec::new());
            assert_eq!(read, Ok(()));
            assert_eq!(body.closed(), Err(BodyError::CutOff), "cut at {end}");
        }
        let mut counted = BodyDecoder::new(Framing::Length(3), 100).expect("short");
        assert_eq!(counted.read(&mut &b"ab"[..], &mut Vec::new()), Ok(()));
        assert_eq!(counted.closed(), Err(BodyError::CutOff));
    }

    #[test]
    fn what_ends_with_the_connection_has_a_limit_too() {
        let mut body = BodyDecoder::new(Framing::UntilClose, 2).expect("no length");
        let mut content = Vec::new();
        assert_eq!(body.read(&mut &b"ab"[..], &mut content), Ok(()));
        assert_eq!((body.is_done(), body.closed()), (false, Ok(())));
        assert_eq!(content, b"ab");
        assert_eq!(
            body.read(&mut &b"c"[..], &mut content),
            Err(BodyError::TooLong)
        );
    }
}
