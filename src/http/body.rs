//! The body of a request or an answer, taken in as its bytes come (RFC 9112, section 6).
//!
//! What always holds: nothing grows beyond its limit, a body that was cut off is never taken for a
//! whole one, and what two readers could see differently is an error.

/// The longest line that announces a chunk, extensions included.
const MAX_SIZE_LINE: usize = 1024;
/// The most bytes of trailer fields behind the last chunk.
const MAX_TRAILER: usize = 8 * 1024;
/// The most of them.
const MAX_TRAILERS: usize = 16;

/// How the end of a body is known (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// It has so many bytes.
    Length(u64),
    /// It comes in chunks, the last of which is empty.
    Chunked,
    /// It ends when the connection closes. Answers only.
    UntilClose,
}

/// Why a body cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// It is longer than the limit.
    TooLong,
    /// Its chunks are none.
    Malformed,
    /// The connection closed before it was whole.
    CutOff,
}

/// Where the reading of a body stands.
#[derive(Clone, Debug)]
pub struct Body {
    state: State,
    /// How many more bytes of content are accepted.
    room: u64,
}

#[derive(Clone, Debug)]
enum State {
    Counted(u64),
    UntilClose,
    ChunkSize(Vec<u8>),
    ChunkData(u64),
    ChunkEnd { cr: bool },
    Trailer(Vec<u8>),
    Done,
}

impl Body {
    /// At the beginning of a body that may have at most `limit` bytes.
    ///
    /// # Errors
    /// [`BodyError::TooLong`] if the announced length is over the limit.
    pub fn new(framing: Framing, limit: u64) -> Result<Body, BodyError> {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) if length > limit => return Err(BodyError::TooLong),
            Framing::Length(length) => State::Counted(length),
            Framing::Chunked => State::ChunkSize(Vec::new()),
            Framing::UntilClose => State::UntilClose,
        };
        Ok(Body { state, room: limit })
    }

    /// Takes bytes off the front of `input` and appends the content in them to `out`. When the
    /// body is whole, the rest of `input` is left alone: it belongs to the next message.
    ///
    /// # Errors
    /// The body is too long, or its chunks are not well-formed.
    pub fn read(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        while !input.is_empty() {
            match self.state {
                State::Done => break,
                State::UntilClose => {
                    self.take(u64::MAX, input, out)?;
                }
                State::Counted(left) => {
                    self.state = match left - self.take(left, input, out)? {
                        0 => State::Done,
                        left => State::Counted(left),
                    };
                }
                State::ChunkData(left) => {
                    self.state = match left - self.take(left, input, out)? {
                        0 => State::ChunkEnd { cr: false },
                        left => State::ChunkData(left),
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

    /// Whether the body is whole.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The connection has closed.
    ///
    /// # Errors
    /// [`BodyError::CutOff`] if the body is not whole.
    pub fn closed(&self) -> Result<(), BodyError> {
        match self.state {
            State::Done | State::UntilClose => Ok(()),
            _ => Err(BodyError::CutOff),
        }
    }

    /// Moves at most `left` bytes of content; how many.
    fn take(&mut self, left: u64, input: &mut &[u8], out: &mut Vec<u8>) -> Result<u64, BodyError> {
        let count = left.min(input.len() as u64);
        self.room = self.room.checked_sub(count).ok_or(BodyError::TooLong)?;
        let (now, later) = input.split_at(count as usize);
        out.extend_from_slice(now);
        *input = later;
        Ok(count)
    }

    fn between_chunks(&mut self, byte: u8) -> Result<(), BodyError> {
        match &mut self.state {
            State::ChunkSize(line) => match byte {
                b'\n' => {
                    let text = line.strip_suffix(b"\r").ok_or(BodyError::Malformed)?;
                    self.state = match chunk_size(text).ok_or(BodyError::Malformed)? {
                        0 => State::Trailer(Vec::new()),
                        size if size > self.room => return Err(BodyError::TooLong),
                        size => State::ChunkData(size),
                    };
                }
                _ if line.len() == MAX_SIZE_LINE => return Err(BodyError::Malformed),
                _ => line.push(byte),
            },
            State::ChunkEnd { cr } => match (byte, *cr) {
                (b'\r', false) => *cr = true,
                (b'\n', true) => self.state = State::ChunkSize(Vec::new()),
                _ => return Err(BodyError::Malformed),
            },
            State::Trailer(fields) => {
                fields.push(byte);
                let bare = byte == b'\n' && !fields.ends_with(b"\r\n");
                if bare || fields.len() > MAX_TRAILER {
                    return Err(BodyError::Malformed);
                }
                if byte != b'\n' {
                    return Ok(());
                }
                // Read to be thrown away, but only if they are what they should be.
                let mut space = [httparse::EMPTY_HEADER; MAX_TRAILERS];
                match httparse::parse_headers(fields, &mut space) {
                    Ok(httparse::Status::Complete(_)) => self.state = State::Done,
                    Ok(httparse::Status::Partial) => {}
                    Err(_) => return Err(BodyError::Malformed),
                }
            }
            State::Counted(_) | State::UntilClose | State::ChunkData(_) | State::Done => {}
        }
        Ok(())
    }
}

/// The size in a line that announces a chunk: hex digits, then nothing or extensions.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let end = line
        .iter()
        .position(|b| !b.is_ascii_hexdigit())
        .unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    let extension = rest.trim_ascii_start();
    if !(1..=16).contains(&digits.len()) || !(extension.is_empty() || extension[0] == b';') {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    type BodyAndRest = (Vec<u8>, Vec<u8>);

    /// Feeds `bytes` in portions of `step` and gives the body and what was left over.
    fn read(framing: Framing, bytes: &[u8], step: usize) -> Result<Option<BodyAndRest>, BodyError> {
        let mut body = Body::new(framing, 100)?;
        let (mut content, mut rest) = (Vec::new(), Vec::new());
        for mut portion in bytes.chunks(step) {
            body.read(&mut portion, &mut content)?;
            rest.extend_from_slice(portion);
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
    fn a_body_that_was_cut_off_is_never_taken_for_a_whole_one() {
        let bytes = b"4;x=y\r\nWiki\r\n6 \r\npedia \r\n0\r\nX: y\r\n\r\n";
        for end in 0..bytes.len() {
            let mut body = Body::new(Framing::Chunked, 100).expect("no length yet");
            let read = body.read(&mut &bytes[..end], &mut Vec::new());
            assert_eq!(read, Ok(()));
            assert_eq!(body.closed(), Err(BodyError::CutOff), "cut at {end}");
        }
        let mut counted = Body::new(Framing::Length(3), 100).expect("short");
        assert_eq!(counted.read(&mut &b"ab"[..], &mut Vec::new()), Ok(()));
        assert_eq!(counted.closed(), Err(BodyError::CutOff));
    }

    #[test]
    fn what_ends_with_the_connection_has_a_limit_too() {
        let mut body = Body::new(Framing::UntilClose, 2).expect("no length");
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
